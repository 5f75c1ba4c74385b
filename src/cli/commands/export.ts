import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type ExportFormat, exportPublication } from '../../reporting/explain/export.js';
import { writeToStdout } from '../output/print-list.js';
import { withEnvironment } from '../runtime/command.js';
import { reportOf } from './report-argument.js';

/** `marquee export`: a whole published report, to standard output or to a file that appears once it is complete. */
export async function exportCommand(
  report: string,
  options: { format: ExportFormat; out?: string; publication?: number },
): Promise<void> {
  const definition = reportOf(report);
  const { format, out, publication } = options;
  await withEnvironment(async (environment) => {
    await exportPublication(environment.pool('reader'), definition, { format, publication }, async (rows) => {
      if (out === undefined) {
        await writeToStdout(rows);
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
