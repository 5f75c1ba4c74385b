import { Fault } from '../../fault.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import type { Step } from '../../queue/ledger/step-ledger.js';
import type { Runs } from '../../queue/runs/runs.js';
import { count, progress } from '../output/terminal.js';

/**
 * Follows a run to its end, telling each step as it is done.
 *
 * @param done steps that were done before, by id, and are not told
 */
export async function followRun(runs: Runs, runId: string, done: Iterable<string> = []): Promise<Run> {
  const told = new Set(done);
  return runs.follow(runId, (_run, steps) => {
    for (const step of steps) {
      if (step.state === 'succeeded' && !told.has(step.id)) {
        told.add(step.id);
        const line = describe(step);
        if (line !== undefined) {
          progress(line);
        }
      }
    }
  });
}

/**
 * Follows a run whose success is what the command is for.
 *
 * @throws Fault `run_failed` whatever kept it from succeeding: how the command was called is right where a run was made
 */
export async function followToSuccess(runs: Runs, runId: string): Promise<Run> {
  const run = await followRun(runs, runId);
  if (run.state !== 'succeeded') {
    throw new Fault('run_failed', `The run ${runId} is ${run.state}: ${run.error}`);
  }
  return run;
}

function describe(step: Step): string | undefined {
  const seconds = ((step.finishedDate?.getTime() ?? 0) - (step.startedDate?.getTime() ?? 0)) / 1000;
  const line = (what: string, name: string, numbers: string) =>
    `  ${what.padEnd(8)} ${name.padEnd(34)} ${numbers.padEnd(46)} ${seconds.toFixed(1).padStart(6)} s`;
  const counts = step.counts as Record<string, number | string>;
  const number = (name: string) => count(Number(counts[name] ?? 0));
  const name = step.name.slice(step.name.indexOf(':') + 1);
  switch (step.jobName) {
    case 'finish-load':
      return line(
        'loaded',
        String(counts.name),
        `${number('loaded')} records, ${number('rejected')} rejected`,
      );
    case 'receive-file':
      return counts.outcome === 'known' ? line('known', String(counts.name), 'loaded earlier') : undefined;
    case 'clean-table':
      return line(
        'cleaned',
        name,
        `${number('inserted')} new, ${number('closed')} closed, ${number('issues')} issues`,
      );
    case 'build-report':
      return line('built', name, `${number('rows')} rows`);
    case 'check-reports':
      return line('checked', '', `${number('checks')} checks`);
    case 'publish':
      return line('publish', `publication ${counts.publication}`, counts.published ? '' : 'nothing changed');
    default:
      return undefined;
  }
}
