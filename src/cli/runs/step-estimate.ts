import type { Step } from '../../queue/ledger/step.js';
import type { Progress } from '../output/progress-bar.js';

/** What is needed of a step. */
export type TimedStep = Pick<
  Step,
  'jobName' | 'name' | 'runId' | 'state' | 'payload' | 'counts' | 'startedDate' | 'finishedDate'
>;

/** The size of a file in bytes; undefined if it cannot be read. */
export type SizeOf = (path: string) => number | undefined;

/** Bytes per second, measured on two slow cores; used until a step of the same kind was timed on this machine. */
const bytesPerSecond: Readonly<Record<string, number>> = {
  'receive-file': 150e6,
  'load-part': 35e6,
  'finish-load': 60e6,
  'judge-file': 60e6,
  'expand-file': 25e6,
  'clean-table': 25e6,
};
const leastSeconds = 0.3;
const usualSeconds = 1;

const words: Readonly<Record<string, string>> = {
  'receive-file': 'read',
  'examine-file': 'read',
  'load-part': 'load',
  'finish-load': 'check',
  'judge-file': 'check',
  'expand-file': 'expand',
  'clean-table': 'clean',
  'finish-clean': 'finish',
  'build-report': 'build',
  'compare-report': 'compare',
  'check-reports': 'check',
};

/**
 * How far the running steps of a run are. No step can say how much of it is done, so its time is estimated: from the same step of an
 * earlier run, in proportion to the size of the files, corrected by how long the steps of this run took. The parts of a file are one
 * line.
 * @param earlier steps that succeeded in earlier runs, the newest first
 */
export function progressOf(
  steps: readonly TimedStep[],
  earlier: readonly TimedStep[],
  sizeOf: SizeOf,
  now: number,
): Progress[] {
  const files = new Map([...earlier].reverse().concat(steps).flatMap(fileOf));
  const sized = (step: TimedStep) => bytesOf(step, files, sizeOf);
  const expected = (step: TimedStep) => expectedSeconds(step, earlier, sized);
  const factor = paceOf(steps, expected);
  const lines = new Map<string, TimedStep[]>();
  for (const step of steps) {
    const line = step.jobName === 'load-part' ? `load ${fileIdOf(step)}` : step.name + step.jobName;
    lines.set(line, [...(lines.get(line) ?? []), step]);
  }
  return [...lines.values()].flatMap((group) => {
    const running = group.filter(({ state, startedDate }) => state === 'running' && startedDate !== null);
    const [first] = running;
    if (first === undefined) return [];
    const each = running.map((step) => shareOf(step, expected(step) * factor, now));
    const done = group.filter(({ state }) => state === 'succeeded').length;
    const share = (done + each.reduce((sum, one) => sum + one.share, 0)) / group.length;
    const waiting = group.length - done - running.length;
    const secondsLeft =
      Math.max(...each.map((one) => one.secondsLeft)) + (waiting * expected(first) * factor) / running.length;
    return [{ what: words[first.jobName] ?? first.jobName, name: nameOf(first, files), share, secondsLeft }];
  });
}

/** Never all of it while the step runs: beyond the expected time it approaches the end ever more slowly. */
function shareOf({ startedDate }: TimedStep, expected: number, now: number) {
  const elapsed = Math.max((now - startedDate!.getTime()) / 1000, 0);
  const done = elapsed / expected;
  const share = done <= 0.9 ? done : Math.min(1 - 0.1 * Math.exp(-(done - 0.9) / 0.1), 0.99);
  return { share, secondsLeft: share === 0 ? expected : (elapsed * (1 - share)) / share };
}

function expectedSeconds(
  step: TimedStep,
  earlier: readonly TimedStep[],
  sized: (step: TimedStep) => number | undefined,
): number {
  const kind = kindOf(step);
  const bytes = sized(step);
  const before = earlier.find((other) => kindOf(other) === kind);
  if (before === undefined) {
    const rate = bytesPerSecond[step.jobName];
    return bytes === undefined || rate === undefined ? usualSeconds : Math.max(bytes / rate, leastSeconds);
  }
  const bytesBefore = sized(before);
  const ratio = bytes && bytesBefore ? bytes / bytesBefore : 1;
  return Math.max(secondsOf(before) * ratio, leastSeconds);
}

/** How much slower than expected the finished steps of the run were. */
function paceOf(steps: readonly TimedStep[], expected: (step: TimedStep) => number): number {
  const finished = steps.filter(({ state, finishedDate }) => state === 'succeeded' && finishedDate !== null);
  const sum = (seconds: (step: TimedStep) => number) =>
    finished.reduce((total, step) => total + seconds(step), 0);
  // Short steps say little: the estimate counts as if it had been right for two seconds.
  return Math.min(Math.max((sum(secondsOf) + 2) / (sum(expected) + 2), 0.2), 5);
}

function secondsOf({ startedDate, finishedDate }: TimedStep): number {
  return Math.max((finishedDate?.getTime() ?? 0) - (startedDate?.getTime() ?? 0), 0) / 1000;
}

/** Steps of the same kind do the same work in different runs: their names differ only in the ids of files. */
function kindOf({ jobName, name }: TimedStep): string {
  return `${jobName} ${name.slice(name.indexOf(':') + 1).replace(/\d+/g, '#')}`;
}

interface File {
  readonly path: string;
  readonly name: string;
  readonly parts: number;
}

/** The file that a step has received, by the run and the file's id. */
function fileOf(step: TimedStep): [string, File][] {
  const { delivery } = step.payload as { delivery?: { path: string; name: string } };
  const { fileId, parts } = step.counts as { fileId?: number; parts?: number };
  return delivery && fileId !== undefined
    ? [[`${step.runId} ${fileId}`, { path: delivery.path, name: delivery.name, parts: parts ?? 1 }]]
    : [];
}

function fileIdOf({ payload }: TimedStep): number | undefined {
  return (payload as { fileId?: number }).fileId;
}

function bytesOf(step: TimedStep, files: ReadonlyMap<string, File>, sizeOf: SizeOf): number | undefined {
  const { delivery, fileId, fileIds } = step.payload as {
    delivery?: { path: string };
    fileId?: number;
    fileIds?: number[];
  };
  if (delivery) return sizeOf(delivery.path);
  const ids = fileIds ?? (fileId === undefined ? [] : [fileId]);
  const sizes = ids.map((id) => {
    const file = files.get(`${step.runId} ${id}`);
    const size = file && sizeOf(file.path);
    return size && step.jobName === 'load-part' ? size / Math.max(file.parts, 1) : size;
  });
  return sizes.length === 0 || sizes.includes(undefined)
    ? undefined
    : (sizes as number[]).reduce((sum, size) => sum + size, 0);
}

function nameOf(step: TimedStep, files: ReadonlyMap<string, File>): string {
  const { delivery } = step.payload as { delivery?: { name: string } };
  const fileId = fileIdOf(step);
  const file = fileId === undefined ? undefined : files.get(`${step.runId} ${fileId}`);
  return delivery?.name ?? file?.name ?? step.name.slice(step.name.indexOf(':') + 1);
}
