/**
 * Measures the time to load a full drop into `source`. For comparison, it measures a bare `COPY … FROM STDIN` of the same
 * bytes over one connection into plain text tables of the same server, in the same run.
 *
 * `npm run bench:ingest [-- --scale 0.1] [-- --rounds 2] [-- --dir FOLDER] [-- --out FILE]`: the drop is created once and
 * kept in the folder (by default `bench/` under MARQUEE_HOME). The server is a new embedded server. Bare COPY and load
 * alternate, and the best round of each counts, because disturbances only make a round slower. MB are 10^6 bytes.
 */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfiguration } from '../src/configuration.js';
import { useEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { migrate } from '../src/database/migrations/migrate.js';
import { feeds } from '../src/dataset/feeds.js';
import { writeSyntheticSample } from '../src/dataset/sample/synthetic-sample.js';
import { readDrop } from '../src/source/drop/drop.js';
import { copyBare } from './ingest-bare.js';
import { type LoadFigures, loadAlone, loadTogether } from './ingest-load.js';
import { type Figures, printFigures } from './ingest-report.js';
import { scanAlone } from './ingest-scan.js';

const PERIOD = '2017-08';
const FULL = { movies: 45_000, ratings: 26_000_000 };

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '2' },
    dir: { type: 'string' },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const scale = Number(options.scale);
const folder = resolve(options.dir ?? join(readConfiguration().home, 'bench'));

const say = (line: string) => process.stderr.write(`${line}\n`);
await mkdir(folder, { recursive: true });
const drop = await readDrop(await provideDrop(scale), feeds);
const tenth = await readDrop(await provideDrop(scale / 10), feeds);
const home = await mkdtemp(join(folder, 'server-'));
say('Starting a server ...');
const server = await useEmbeddedPostgres(home);
try {
  await migrate(server.urls.owner, { passwords: server.secrets.rolePasswords });
  const scan = await scanAlone(drop);
  const storage = { folder: join(folder, 'storage') };
  const bares = [];
  const togethers = [];
  for (let round = 1; round <= Number(options.rounds); round++) {
    say(`Round ${round}: bare COPY, file by file over one connection ...`);
    bares.push(await copyBare(server, drop));
    say(`Round ${round}: loading the drop as a whole ...`);
    togethers.push(await loadTogether(server, storage, drop, PERIOD));
  }
  const bare = {
    logged: bestOfEach(bares.map(({ logged }) => logged)),
    unlogged: bestOfEach(bares.map(({ unlogged }) => unlogged)),
  };
  const together = togethers.reduce((best, figures) => (figures.seconds < best.seconds ? figures : best));
  say('Loading file by file ...');
  const alone = await loadAlone(server, storage, drop, PERIOD);
  say('Loading a tenth of the ratings ...');
  const ratings = tenth.deliveries.filter(({ feed }) => feed.name === 'ratings');
  const small = await loadAlone(server, storage, { ...tenth, deliveries: ratings }, PERIOD);
  const tenfold = alone.get('ratings')!.seconds / small.get('ratings')!.seconds;
  const figures = await putTogether(scan, bare, alone, together, tenfold);
  await writeFile(options.out ?? join(folder, 'ingest.json'), `${JSON.stringify(figures, null, 2)}\n`);
  process.stdout.write(options.json ? `${JSON.stringify(figures)}\n` : printFigures(figures));
} finally {
  await server.release();
  await rm(home, { recursive: true, force: true });
  await rm(join(folder, 'storage'), { recursive: true, force: true });
}

async function provideDrop(scale: number): Promise<string> {
  const outDir = join(folder, `drop-${scale}`);
  const whole = join(outDir, 'complete');
  if (!(await stat(whole).catch(() => undefined))) {
    say(`Creating a drop of ${FULL.ratings * scale} ratings in ${outDir} ...`);
    await writeSyntheticSample({
      outDir,
      movies: Math.round(FULL.movies * scale),
      ratings: Math.round(FULL.ratings * scale),
      periods: [PERIOD],
      overwrite: true,
    });
    await writeFile(whole, '');
  }
  return join(outDir, PERIOD);
}

function bestOfEach(rounds: readonly Map<string, number>[]): Map<string, number> {
  return new Map(
    [...rounds[0]!.keys()].map((feed) => [feed, Math.min(...rounds.map((round) => round.get(feed)!))]),
  );
}

async function putTogether(
  scan: Map<string, number>,
  bare: { logged: Map<string, number>; unlogged: Map<string, number> },
  alone: Map<string, LoadFigures>,
  together: LoadFigures,
  tenfold: number,
): Promise<Figures> {
  const files = await Promise.all(
    drop.deliveries.map(async (delivery) => {
      const { size } = await stat(delivery.path);
      const { name } = delivery.feed;
      const load = alone.get(name)!;
      return {
        feed: name,
        records: load.records,
        megabytes: size / 1e6,
        scanner_mb_s: scan.get(name)!,
        load_seconds: load.seconds,
        bare_seconds: bare.logged.get(name)!,
        bare_unlogged_seconds: bare.unlogged.get(name)!,
        ratio: load.seconds / bare.logged.get(name)!,
      };
    }),
  );
  const sum = (pick: (file: (typeof files)[number]) => number) =>
    files.reduce((total, file) => total + pick(file), 0);
  const megabytes = sum((file) => file.megabytes);
  const bareSeconds = sum((file) => file.bare_seconds);
  return {
    scale,
    feeds: files,
    drop: {
      records: together.records,
      megabytes,
      load_seconds: together.seconds,
      bare_seconds: bareSeconds,
      bare_unlogged_seconds: sum((file) => file.bare_unlogged_seconds),
      ratio: together.seconds / bareSeconds,
      ratio_file_by_file: sum((file) => file.load_seconds) / bareSeconds,
      tenfold_ratings_ratio: tenfold,
      records_s: together.records / together.seconds,
      mb_s: megabytes / together.seconds,
      peak_rss_megabytes: process.resourceUsage().maxRSS / 1024,
    },
  };
}
