import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { earlierPublication } from '../../reporting/earlier-state.js';
import { type ExportFormat, exportReport } from '../../reporting/export.js';
import { withEnvironment } from '../command.js';
import { reportOf } from '../report-argument.js';

/** `marquee export`: a whole report as published, to standard output or a file that appears when it is complete. */
export async function exportCommand(
  report: string,
  options: { format: ExportFormat; out?: string; publication?: number },
): Promise<void> {
  const definition = reportOf(report);
  const { format, out, publication } = options;
  await withEnvironment(async (environment) => {
    const client = await environment.pool('reader').connect();
    try {
      if (publication !== undefined) await earlierPublication(client, [definition], publication);
      const rows = exportReport(client, definition, format, publication);
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
    } finally {
      client.release();
    }
  });
}
