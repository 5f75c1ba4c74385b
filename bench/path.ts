/**
 * Measures the time from the files of a full drop to its publication, stage by stage, and the same for the following month,
 * which changes 1 %. For comparison, it measures a bare `COPY … FROM STDIN` of the same files over one connection of the same
 * server, in the same run.
 *
 * `npm run bench [-- --scale 0.1] [-- --dir FOLDER] [-- --out FILE]`: the drops are created once and kept in the folder (by
 * default `bench/` under MARQUEE_HOME). The server is a new embedded server. MB are 10^6 bytes.
 */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type pg from 'pg';
import { dropFlow } from '../jobs/drop-flow.js';
import type { Resources } from '../jobs/services.js';
import { startPipelineWorker } from '../jobs/worker.js';
import { readConfiguration } from '../src/configuration.js';
import { useEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { migrate } from '../src/database/migrations/migrate.js';
import { openPool } from '../src/database/pool.js';
import { movies } from '../src/dataset/movies.js';
import { writeSyntheticSample } from '../src/dataset/sample/synthetic-sample.js';
import { readDrop } from '../src/source/drop/drop.js';
import { copyBare } from './ingest-bare.js';

const MONTHS = ['2017-08', '2017-09'] as const;
const FULL = { movies: 45_000, ratings: 26_000_000 };
const DELTA = 0.01;

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    dir: { type: 'string' },
    out: { type: 'string' },
    steps: { type: 'boolean', default: false },
  },
});
const scale = Number(options.scale);
const folder = resolve(options.dir ?? join(readConfiguration().home, 'bench'));
const say = (line: string) => process.stderr.write(`${line}\n`);

const drops = await provideDrops();
const home = await mkdtemp(join(folder, 'server-'));
const server = await useEmbeddedPostgres(home);
const pool = openPool(server.urls.pipeline, 'bench path', 20);
try {
  await migrate(server.urls.owner, {
    passwords: server.secrets.rolePasswords,
    queueDatabase: 'marquee_queue',
  });
  say('Bare COPY ...');
  const bare = await copyBare(server, await readDrop(join(drops, MONTHS[0]), movies.feeds));
  const bareSeconds = sum([...bare.logged.values()]);
  const resources: Resources = {
    pool,
    dataSet: movies,
    storage: { folder: join(home, 'files') },
    personalDataKey: server.secrets.piiKey,
    maxRejectShare: 0.01,
    inbox: { folder: join(home, 'inbox'), scanSeconds: 3600, stableSeconds: 30 },
    lateAfterDays: 20,
  };
  const pipeline = await startPipelineWorker({
    location: { kind: 'postgres', connectionString: server.urls.queue, schema: 'bench' },
    resources,
    concurrency: 2,
    onError: (error) => say(String(error)),
  });
  const months = [];
  for (const period of MONTHS) {
    say(`Drop ${period} ...`);
    const { run } = await pipeline.runs.start(
      dropFlow,
      { folder: join(drops, period), period },
      { requestedBy: 'bench' },
    );
    const began = process.hrtime.bigint();
    const ended = await pipeline.runs.follow(run.id);
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    if (ended.state !== 'succeeded') {
      throw new Error(`The run is ${ended.state}: ${ended.error}`);
    }
    months.push({ period, seconds, stages: await stageSeconds(pool, run.id) });
    if (options.steps) {
      for (const step of await stepSeconds(pool, run.id)) {
        say(JSON.stringify(step));
      }
    }
  }
  await pipeline.close();
  const [full, delta] = months;
  const figures = {
    scale,
    bare_seconds: bareSeconds,
    months: months.map((month) => ({
      ...month,
      ratio: month.seconds / bareSeconds,
      stage_ratios: Object.fromEntries(
        Object.entries(month.stages).map(([stage, seconds]) => [stage, seconds / bareSeconds]),
      ),
    })),
    delta_share_of_full: delta!.seconds / full!.seconds,
    peak_rss_megabytes: process.resourceUsage().maxRSS / 1024,
  };
  await writeFile(options.out ?? join(folder, 'path.json'), `${JSON.stringify(figures, null, 2)}\n`);
  process.stdout.write(`bare COPY ${bareSeconds.toFixed(1)} s\n`);
  for (const { period, seconds, ratio, stages } of figures.months) {
    process.stdout.write(`${period} ${seconds.toFixed(1)} s = ${ratio.toFixed(2)} x bare COPY\n`);
    for (const [stage, took] of Object.entries(stages)) {
      process.stdout.write(
        `  ${stage.padEnd(8)} ${took.toFixed(1).padStart(7)} s ${(took / bareSeconds).toFixed(2).padStart(6)} x\n`,
      );
    }
  }
  process.stdout.write(
    `delta / full ${(100 * figures.delta_share_of_full).toFixed(1)} %, peak RSS ${figures.peak_rss_megabytes.toFixed(0)} MB\n`,
  );
} finally {
  await pool.end();
  await server.release();
  await rm(home, { recursive: true, force: true });
}

async function provideDrops(): Promise<string> {
  const outDir = join(folder, `path-${scale}`);
  await mkdir(outDir, { recursive: true });
  if (!(await stat(join(outDir, 'complete')).catch(() => undefined))) {
    say(`Creating drops of ${FULL.ratings * scale} ratings in ${outDir} ...`);
    await writeSyntheticSample({
      outDir,
      movies: Math.round(FULL.movies * scale),
      ratings: Math.round(FULL.ratings * scale),
      periods: [...MONTHS],
      deltaShare: DELTA,
      overwrite: true,
    });
    await writeFile(join(outDir, 'complete'), '');
  }
  return outDir;
}

async function stageSeconds(db: pg.Pool, runId: string): Promise<Record<string, number>> {
  const { rows } = await db.query<{ stage: string; seconds: number }>(
    `/* bench.stages */
     select split_part(name, ':', 1) as stage,
       extract(epoch from max(finished_date) - min(started_date))::float8 as seconds
     from support.run_step where run_id = $1 group by 1 order by min(id)`,
    [runId],
  );
  return Object.fromEntries(rows.map((row) => [row.stage, row.seconds]));
}

async function stepSeconds(db: pg.Pool, runId: string) {
  const { rows } = await db.query(
    `/* bench.steps */
     select name,
       round(extract(epoch from started_date - min(started_date) over ())::numeric, 2)::float8 as at,
       round(extract(epoch from finished_date - started_date)::numeric, 2)::float8 as seconds
     from support.run_step where run_id = $1 order by started_date`,
    [runId],
  );
  return rows;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
