import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type ExportFormat, exportPublication } from '../../reporting/explain/export.js';
import { withEnvironment } from '../runtime/command.js';
import { reportOf } from './report-argument.js';

/** `marquee export`: a whole report as published, to standard output or a file that appears when it is complete. */
export async function exportCommand(
  report: string,
  options: { format: ExportFormat; out?: string; publication?: number },
): Promise<void> {
  const definition = reportOf(report);
  const { format, out, publication } = options;
  await withEnvironment(async (environment) => {
    await exportPublication(environment.pool('reader'), definition, { format, publication }, async (rows) => {
      if (out === undefined) {
        await pipeline(rows, process.stdout, { end: false });
        return;
      }
      const unfinished = `${out}.unfinished`;
      try {
        await pipeline(rows, createWriteStream(unfinished));
        await rename(unfinished, out);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
    });
  });
}
