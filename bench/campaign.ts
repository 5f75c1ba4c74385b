/**
 * A bounded soak: publishes months of drops while faults happen at random, reads the reports all the time, and compares each
 * published month with an undisturbed run.
 *
 * `npm run campaign -- --minutes 60 [-- --seed N] [-- --movies 200] [-- --keep]
 * [-- --only 'kill server,kill both']`: prints how many faults of each kind were tried and survived,
 * and the seed that repeats it. It starts everything it disturbs, on loopback, and exits with 1 when a fault was not survived. A fault
 * is survived if the month is published as in the undisturbed run, without an operator's help other than starting what was killed
 * and giving the same command again, and if no reader saw anything but whole publications.
 */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { movies } from '../src/dataset/movies.js';
import { writeSyntheticSample } from '../src/dataset/sample/synthetic-sample.js';
import { type Fault, faultsFor } from './campaign-faults.js';
import { Installation } from './campaign-installation.js';
import { Reader } from './campaign-reader.js';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string' },
    movies: { type: 'string', default: '200' },
    keep: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
const months = ['2017-06', '2017-07', '2017-08', '2017-09'];
/** The kinds of faults to try; all when missing. */
const only = options.only?.split(',').map((kind) => kind.trim());
const reports = movies.reports.map(({ name }) => name);
/** How often a command may be given again before the fault counts as not survived. */
const mostTries = 8;

const say = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
const random = randomFrom(seed);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

type Published = ReadonlyMap<string, string>;

const tally = new Map<string, { tried: number; survived: number; failed: string[] }>();
const folder = await mkdtemp(join(tmpdir(), 'marquee-campaign-'));
let failed = false;
try {
  const drops = await writeDrops();
  const expected = await undisturbed(drops);
  const end = Date.now() + Number(options.minutes) * 60_000;
  for (let round = 1; Date.now() < end; round++) await disturbed(round, drops, expected, end);
} finally {
  if (options.keep) say(`Kept in ${folder}.`);
  else await rm(folder, { recursive: true, force: true });
}
for (const [kind, { tried, survived, failed: reasons }] of [...tally].sort()) {
  process.stdout.write(`${kind.padEnd(20)} tried ${tried}, survived ${survived}, failed ${reasons.length}\n`);
  for (const reason of reasons) process.stdout.write(`  ${reason}\n`);
  failed ||= reasons.length > 0;
}
process.stdout.write(`seed ${seed}\n`);
process.exit(failed ? 1 : 0);

/** Each month has the same films with other values. */
async function writeDrops(): Promise<Map<string, string>> {
  const drops = new Map<string, string>();
  for (const [index, month] of months.entries()) {
    const outDir = join(folder, `made-${index}`);
    const [made] = await writeSyntheticSample({
      outDir,
      movies: Number(options.movies),
      ratings: Number(options.movies) * 10,
      seed: index + 1,
    });
    await mkdir(join(folder, 'drops'), { recursive: true });
    const drop = join(folder, 'drops', month);
    await rename(made!.dir, drop);
    drops.set(month, drop);
  }
  return drops;
}

/** What is published after each month when nothing happens. */
async function undisturbed(drops: ReadonlyMap<string, string>): Promise<Map<string, Published>> {
  const calm = new Installation(join(folder, 'calm'));
  const expected = new Map<string, Published>();
  for (const [month, drop] of drops) {
    const { code, output } = await calm.run(['ingest', drop]);
    if (code !== 0) throw new Error(`The undisturbed run failed: ${output}`);
    expected.set(month, await calm.exportAll(reports));
  }
  await rm(calm.home, { recursive: true, force: true });
  say(`The undisturbed run has published ${months.length} months; seed ${seed}.`);
  return expected;
}

/** Publishes the months on a new installation, each with one or two faults. */
async function disturbed(
  round: number,
  drops: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, Published>,
  end: number,
): Promise<void> {
  const onRedis = Installation.hasRedis && round % 2 === 0;
  const installation = new Installation(join(folder, `round-${round}`), { onRedis });
  const reader = new Reader(installation);
  let kinds: string[] = [];
  try {
    await installation.start([drops.get(months[0]!)!]);
    reader.start();
    for (const month of months.slice(1)) {
      if (Date.now() > end) break;
      const faults = Array.from({ length: 1 + Math.floor(random() * 2) }, () =>
        pick(faultsFor(installation, only)),
      );
      kinds = faults.map(({ kind }) => kind);
      say(`Round ${round}${onRedis ? ' on Redis' : ''}, ${month}: ${kinds.join(', ')}`);
      for (const kind of kinds) entryOf(kind).tried += 1;
      const problem = await publishUnder(installation, drops.get(month)!, expected.get(month)!, faults);
      const seen = problem ?? reader.problem;
      for (const kind of kinds) {
        if (seen === undefined) entryOf(kind).survived += 1;
        else entryOf(kind).failed.push(`round ${round}, ${month} (${kinds.join(', ')}): ${seen}`);
      }
      if (seen !== undefined) return;
    }
    kinds = ['verify'];
    entryOf('verify').tried += 1;
    const { code, output } = await installation.run(['rebuild', '--from-source', '--verify']);
    if (code === 0) entryOf('verify').survived += 1;
    else entryOf('verify').failed.push(`round ${round}: ${output.slice(-300)}`);
  } catch (error) {
    for (const kind of kinds) entryOf(kind).failed.push(`round ${round}: ${String(error)}`);
  } finally {
    await reader.stop();
    await installation.stop();
    const isKept = options.keep && kinds.some((kind) => entryOf(kind).failed.length > 0);
    if (!isKept) await rm(installation.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @returns what went wrong; undefined when the month was published as expected */
async function publishUnder(
  installation: Installation,
  drop: string,
  expected: Published,
  faults: readonly Fault[],
): Promise<string | undefined> {
  let output = '';
  for (let tries = 1; tries <= mostTries; tries++) {
    await installation.ensureStarted();
    const running = installation.run(['ingest', drop]);
    if (tries === 1) {
      for (const fault of faults) {
        await sleep(200 + random() * 3000);
        await fault.happen(installation, { random, drop });
      }
    }
    const ended = await running;
    output = ended.output;
    if (ended.code === 0) {
      await installation.ensureStarted();
      const published = await installation.exportAll(reports);
      const difference = differenceOf(published, expected);
      return difference && `${difference}; the command said: ${output.trim().split('\n').at(-1)}`;
    }
    await sleep(1000);
    const run = /marquee retry ([0-9a-f-]{8,})/.exec(output)?.[1];
    if (run !== undefined) await installation.run(['retry', run]);
  }
  return `not published after ${mostTries} tries: ${output.trim().split('\n').at(-1)}`;
}

/** The reports whose lines differ, and in how many; undefined when none does. */
function differenceOf(published: Published, expected: Published): string | undefined {
  const differing = [...expected].flatMap(([report, text]) => {
    const found = new Set(published.get(report)?.split('\n'));
    const missing = text.split('\n').filter((line) => !found.has(line));
    return missing.length === 0 && published.get(report) === text
      ? []
      : [`${report} in ${missing.length} lines, such as ${missing[0]}`];
  });
  return differing.length === 0
    ? undefined
    : `the published reports differ from those of the undisturbed run: ${differing.join('; ')}`;
}

function entryOf(kind: string) {
  const entry = tally.get(kind) ?? { tried: 0, survived: 0, failed: [] };
  tally.set(kind, entry);
  return entry;
}

/** Mulberry32: small, and the same everywhere. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
