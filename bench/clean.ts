/**
 * Measures the time to clean a full drop, table by table, and the following month, which changes 1 %. For comparison, it
 * measures a bare `COPY … FROM STDIN` of the same files over one connection of the same server, in the same run. Two lanes
 * work in parallel, like a worker with a concurrency of two, but without the queue.
 *
 * `npm run bench:clean [-- --scale 0.1] [-- --dir FOLDER] [-- --steps]`: the drops are created once and kept in the folder.
 * The server is a new embedded server with default settings (src/database/embedded/settings.ts).
 */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type pg from 'pg';
import { useEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { migrate } from '../src/database/migrations/migrate.js';
import { openPool } from '../src/database/pool.js';
import { movies } from '../src/dataset/movies.js';
import { writeSyntheticSample } from '../src/dataset/sample/synthetic-sample.js';
import { readDrop } from '../src/source/drop/drop.js';
import { cleanTable } from '../src/warehouse/clean/clean-table.js';
import { finishClean } from '../src/warehouse/clean/finish-clean.js';
import { loadReferenceData } from '../src/warehouse/corrections/reference-data.js';
import { expandFile } from '../src/warehouse/extract/entry-staging.js';
import { nestedColumns, tablesInOrder } from '../src/warehouse/mapping/mapping.js';
import { currentMapping, installMapping } from '../src/warehouse/mapping/mapping-ledger.js';
import { loadDeliveries } from '../test/source/load-drop.js';
import { copyBare } from './ingest-bare.js';

const MONTHS = ['2017-08', '2017-09'] as const;
const LANES = 2;

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    dir: { type: 'string', default: 'bench-clean' },
    steps: { type: 'boolean', default: false },
  },
});
const scale = Number(options.scale);
const folder = resolve(options.dir);
const print = (line: string) => process.stdout.write(`${line}\n`);

interface Task {
  readonly name: string;
  readonly dependsOn: readonly string[];
  run(): Promise<unknown>;
}

const drops = await provideDrops();
const home = await mkdtemp(join(folder, 'server-'));
const server = await useEmbeddedPostgres(home);
const pool = openPool(server.urls.pipeline, 'bench clean');
try {
  await migrate(server.urls.owner, {
    passwords: server.secrets.rolePasswords,
    queueDatabase: 'marquee_queue',
  });
  await installMapping(pool, movies.mapping, { author: 'bench', note: 'bench' });
  await loadReferenceData(pool, movies.reference, server.secrets.piiKey);
  const { logged } = await copyBare(server, await readDrop(join(drops, MONTHS[0]), movies.feeds));
  const bare = [...logged.values()].reduce((sum, seconds) => sum + seconds, 0);
  print(`bare COPY ${bare.toFixed(2)} s`);
  let full: number | undefined;
  for (const period of MONTHS) {
    const drop = await readDrop(join(drops, period), movies.feeds);
    await loadDeliveries(pool, { folder: join(home, 'files') }, movies.feeds, drop.deliveries, period, {
      rejectShare: 0.5,
    });
    const seconds = await clean(pool, period);
    print(
      full === undefined
        ? `${period} ${seconds.toFixed(2)} s = ${(seconds / bare).toFixed(2)} x bare COPY`
        : `${period} ${seconds.toFixed(2)} s = ${((100 * seconds) / full).toFixed(1)} % of the full drop`,
    );
    full ??= seconds;
  }
  print(`peak RSS ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
} finally {
  await pool.end();
  await server.release();
  await rm(home, { recursive: true, force: true });
}

async function clean(db: pg.Pool, period: string): Promise<number> {
  const mapping = (await currentMapping(db))!;
  const { rows: files } = await db.query<{ id: number; source_table: string }>(
    `/* bench.files */ select id, 'src_' || feed as source_table from source.file where period = $1 order by id`,
    [period],
  );
  const expands = files
    .filter((file) => nestedColumns(mapping, file.source_table).length > 0)
    .map(({ id, source_table }) => ({
      name: `expand ${source_table}`,
      dependsOn: [],
      run: () => expandFile(db, { mapping, fileId: id }),
    }));
  const tables: Task[] = tablesInOrder(mapping).map(({ table, sourceTable, dependsOn }) => ({
    name: table,
    dependsOn: [
      ...dependsOn,
      ...expands.filter(({ name }) => name === `expand ${sourceTable}`).map(({ name }) => name),
    ],
    run: () =>
      cleanTable(db, {
        table,
        fileIds: files.filter((file) => file.source_table === sourceTable).map((file) => file.id),
        mapping,
        personalDataKey: server.secrets.piiKey,
      }),
  }));
  // As in the drop flow: tasks without dependencies first.
  const free = tables.filter((task) => task.dependsOn.length === 0);
  const waiting = tables.filter((task) => task.dependsOn.length > 0);
  const began = performance.now();
  const steps = await runInLanes([...free, ...expands, ...waiting]);
  await finishClean(
    db,
    files.map((file) => file.id),
  );
  if (options.steps) console.table(steps);
  return (performance.now() - began) / 1000;
}

async function runInLanes(tasks: readonly Task[]) {
  const began = performance.now();
  const left = [...tasks];
  const done = new Set<string>();
  const steps: { name: string; at: number; seconds: number }[] = [];
  const running = new Set<Promise<void>>();
  while (left.length > 0 || running.size > 0) {
    const next = left.findIndex((task) => task.dependsOn.every((needed) => done.has(needed)));
    if (next < 0 || running.size === LANES) {
      await Promise.race(running);
      continue;
    }
    const [task] = left.splice(next, 1);
    const start = performance.now();
    const work: Promise<void> = task!.run().then(() => {
      steps.push({
        name: task!.name,
        at: Number(((start - began) / 1000).toFixed(2)),
        seconds: Number(((performance.now() - start) / 1000).toFixed(2)),
      });
      done.add(task!.name);
      running.delete(work);
    });
    running.add(work);
  }
  return steps;
}

async function provideDrops(): Promise<string> {
  const outDir = join(folder, `path-${scale}`);
  await mkdir(outDir, { recursive: true });
  if (!(await stat(join(outDir, 'complete')).catch(() => undefined))) {
    await writeSyntheticSample({
      outDir,
      movies: Math.round(45_000 * scale),
      ratings: Math.round(26_000_000 * scale),
      periods: [...MONTHS],
      deltaShare: 0.01,
      overwrite: true,
    });
    await writeFile(join(outDir, 'complete'), '');
  }
  return outDir;
}
