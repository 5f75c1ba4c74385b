import { describe, expect, it } from 'vitest';
import { progressOf, type TimedStep } from '../../../src/cli/runs/step-estimate.js';

const second = 1000;

function step(changed: Partial<TimedStep> & Pick<TimedStep, 'jobName'>, seconds?: number): TimedStep {
  return {
    ...{ runId: 'now', name: changed.jobName, payload: {}, counts: {} },
    startedDate: new Date(0),
    state: seconds === undefined ? 'running' : 'succeeded',
    finishedDate: seconds === undefined ? null : new Date(seconds * second),
    ...changed,
  };
}

const delivery = (name: string) => ({ path: `/drop/${name}`, name });
const received = (runId: string, name: string, fileId: number, parts: number, seconds = 1) =>
  step(
    { jobName: 'receive-file', runId, payload: { delivery: delivery(name) }, counts: { fileId, parts } },
    seconds,
  );
const sizeOf = (path: string) => (path.includes('big') ? 70_000_000 : 35_000_000);

describe('the progress of a step', () => {
  it('begins at 0 % with the estimated time', () => {
    const steps = [step({ jobName: 'build-report', name: 'build:genre_report' })];
    expect(progressOf(steps, [], sizeOf, 0)).toEqual([
      { what: 'build', name: 'genre_report', share: 0, secondsLeft: 1 },
    ]);
  });

  it('follows how long the same step took in the last run, in proportion to the size of its files', () => {
    const earlier = [
      step({ jobName: 'clean-table', name: 'clean:movies', runId: 'before', payload: { fileIds: [3] } }, 10),
      step(
        { jobName: 'clean-table', name: 'clean:movies', runId: 'long ago', payload: { fileIds: [1] } },
        99,
      ),
      received('before', 'small.csv', 3, 1),
    ];
    const steps = [
      received('now', 'big.csv', 7, 1, 2),
      step({ jobName: 'clean-table', name: 'clean:movies', payload: { fileIds: [7] } }),
    ];
    const [line] = progressOf(steps, earlier, sizeOf, 5 * second);
    expect(line).toMatchObject({ what: 'clean', name: 'movies' });
    // Twice the bytes as in 10 s; the step that ended took twice as long, as expected.
    expect(line!.share).toBeCloseTo(0.25, 5);
    expect(line!.secondsLeft).toBeCloseTo(15, 5);
  });

  it('is one line for the parts of a file, with those that wait', () => {
    const part = (number: number, state: TimedStep['state'], seconds?: number) => ({
      ...step(
        { jobName: 'load-part', name: `load:ratings-4-part-${number}`, payload: { fileId: 4 } },
        seconds,
      ),
      state,
    });
    const steps = [
      received('now', 'big.csv', 4, 4),
      part(1, 'succeeded', 0.5),
      part(2, 'running'),
      { ...part(3, 'queued'), startedDate: null },
      { ...part(4, 'queued'), startedDate: null },
    ];
    const lines = progressOf(steps, [], sizeOf, 0);
    expect(lines).toEqual([
      { what: 'load', name: 'big.csv', share: 0.25, secondsLeft: expect.closeTo(1.7, 0) },
    ]);
  });

  it('never reaches 100 % while it runs, and its remaining time never ends', () => {
    const steps = [step({ jobName: 'publish' })];
    let before = 0;
    for (const seconds of [0.5, 1, 2, 10, 1000]) {
      const [line] = progressOf(steps, [], sizeOf, seconds * second);
      expect(line!.share).toBeGreaterThanOrEqual(before);
      expect(line!.share).toBeLessThan(1);
      expect(line!.secondsLeft).toBeGreaterThan(0);
      before = line!.share;
    }
  });

  it('is not shown for steps that wait or have ended', () => {
    const steps = [
      step({ jobName: 'publish' }, 3),
      { ...step({ jobName: 'check-reports' }), state: 'queued' as const },
    ];
    expect(progressOf(steps, [], sizeOf, 0)).toEqual([]);
  });
});
