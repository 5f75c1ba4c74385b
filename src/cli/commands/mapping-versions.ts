import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { Pool } from 'pg';
import { recordAudit } from '../../database/audit-ledger.js';
import { movies } from '../../dataset/movies.js';
import { Fault } from '../../fault.js';
import { mappingFromCsv, mappingToCsv } from '../../warehouse/mapping/mapping-csv.js';
import { compareMappings, type MappingDifference } from '../../warehouse/mapping/mapping-difference.js';
import {
  currentMapping,
  installMapping,
  listMappingVersions,
  readMappingRows,
} from '../../warehouse/mapping/mapping-ledger.js';
import type { MappingRow } from '../../warehouse/mapping/mapping-row.js';
import { writeToStdout } from '../output/print-list.js';
import { printResult } from '../output/print-result.js';
import { print } from '../output/terminal.js';
import { excerpt, table, timeText } from '../output/text-format.js';
import { auditedRequest } from '../runs/audited-request.js';
import { withEnvironment } from '../runtime/command.js';

/** `marquee mapping export`: a version of the mapping as CSV. */
export async function exportMapping(options: { version?: number; out?: string }): Promise<void> {
  await withEnvironment(async (environment) => {
    const csv = await mappingToCsv(await rowsOf(environment.pool('pipeline'), options.version));
    if (options.out === undefined) await writeToStdout(Readable.from([csv]));
    else await writeFile(options.out, csv);
  });
}

/** `marquee mapping log`: the versions of the mapping, newest first. */
export async function mappingLog(options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const versions = await listMappingVersions(environment.pool('pipeline'));
    const header = ['version', 'imported', 'by', 'rows', 'note'];
    const cells = versions.map(({ version, createdDate, author, rows, note }) => [
      String(version),
      timeText(createdDate),
      author,
      String(rows),
      excerpt(note, 100),
    ]);
    printResult(
      options,
      versions,
      versions.length === 0 ? 'No mapping is in use yet.' : table(header, cells),
    );
  });
}

/** `marquee mapping diff FILE`: what importing a file would change. Exits with 1 when something differs. */
export async function diffMapping(
  file: string,
  options: { version?: number; json?: boolean },
): Promise<void> {
  await withEnvironment(async (environment) => {
    const before = await rowsOf(environment.pool('pipeline'), options.version);
    printDifferences(compareMappings(before, await readMapping(file, before)), options);
  });
}

/** `marquee mapping diff A B`: what differs between two versions. Exits with 1 when something differs. */
export async function diffVersions(
  versions: readonly [number, number],
  options: { json?: boolean },
): Promise<void> {
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    const [before, after] = [await rowsOf(pool, versions[0]), await rowsOf(pool, versions[1])];
    printDifferences(compareMappings(before, after), options);
  });
}

function printDifferences(differences: readonly MappingDifference[], { json }: { json?: boolean }): void {
  if (json) print(JSON.stringify(differences, null, 2));
  else if (differences.length === 0) print('Nothing differs.');
  else for (const difference of differences) print(describe(difference));
  if (differences.length > 0) process.exitCode = 1;
}

/** `marquee mapping import`: makes a CSV file the current mapping; does nothing if it equals the current one. */
export async function importMapping(file: string, options: { note: string; json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    const { note } = options;
    const request = { action: 'importMapping', arguments: { file: resolve(file), note } };
    const { version, installed } = await auditedRequest(pool, request, async ({ requestedBy: author }) => {
      const rows = await readMapping(file, await rowsOf(pool, undefined));
      const result = await installMapping(pool, rows, { author, note });
      if (!result.installed) {
        const outcome = `done: nothing differs, version ${result.version} stays`;
        await recordAudit(pool, { actor: author, ...request, outcome });
      }
      return result;
    });
    printResult(
      options,
      { version, installed },
      installed
        ? `The mapping is now version ${version}. It applies to files that are cleaned from now on.`
        : `Nothing differs: version ${version} stays.`,
    );
  });
}

async function readMapping(file: string, current: readonly MappingRow[]): Promise<MappingRow[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    // Node's error has no path when reading a folder fails, because opening it succeeds.
    throw Object.assign(error as Error, { path: file });
  });
  return mappingFromCsv(text, current);
}

/** The rows of a version, by default the newest; those of the data set if the database has no mapping yet. */
async function rowsOf(pool: Pool, version: number | undefined): Promise<readonly MappingRow[]> {
  if (version === undefined) return (await currentMapping(pool))?.rows ?? movies.mapping;
  const rows = await readMappingRows(pool, version);
  if (rows.length > 0) return rows;
  const newest = (await currentMapping(pool))?.version;
  throw new Fault(
    'mapping_unknown',
    `There is no mapping version ${version}; ${newest === undefined ? 'none is in use yet' : `the newest is ${newest}`}.`,
  );
}

function describe({ field, change, cells }: MappingDifference): string {
  if (change !== 'changed') return `${change} ${field}`;
  const changes = cells.map(
    ({ column, before, after }) => `${column}: ${before || '(empty)'} -> ${after || '(empty)'}`,
  );
  return `changed ${field}\n  ${changes.join('\n  ')}`;
}
