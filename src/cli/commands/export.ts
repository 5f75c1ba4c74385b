import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { movies } from '../../dataset/movies.js';
import { Fault } from '../../fault.js';
import { exportReport } from '../../reporting/export.js';
import { withEnvironment } from '../command.js';

/** `marquee export`: a whole report as published, to standard output or a file that appears when it is complete. */
export async function exportCommand(
  report: string,
  options: { format: string; out?: string },
): Promise<void> {
  const definition = movies.reports.find((candidate) => candidate.name === report);
  if (definition === undefined) {
    const known = movies.reports.map((candidate) => candidate.name).join(', ');
    throw new Fault('report_unknown', `There is no report ${report}; the reports are ${known}.`);
  }
  const { format, out } = options;
  if (format !== 'csv' && format !== 'json') {
    throw new Fault('format_unknown', `There is no format ${format}; expected csv or json.`);
  }
  await withEnvironment(async (environment) => {
    const client = await environment.pool('reader').connect();
    try {
      const rows = exportReport(client, definition, format);
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
