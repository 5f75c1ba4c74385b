import type { Pipeline } from '../../../jobs/worker.js';
import { Fault } from '../../fault.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import type { Step } from '../../queue/ledger/step.js';
import type { Runs, StartRun } from '../../queue/runs/runs.js';
import { count } from '../output/text-format.js';
import { withPipeline } from '../runtime/command.js';
import type { Environment } from '../runtime/environment.js';
import { auditedRequest, type CommandRequest } from './audited-request.js';
import { showProgress } from './live-progress.js';

/**
 * Follows a run until it ends. On a terminal, shows how far its running steps are and reports each completed one.
 *
 * @param done ids of steps that were completed before and are not reported again
 */
export async function followRun(runs: Runs, runId: string, done: Iterable<string> = []): Promise<Run> {
  const reported = new Set(done);
  const live = await showProgress(runs);
  try {
    return await runs.follow(runId, (_run, steps) => {
      for (const step of steps) {
        if (step.state === 'succeeded' && !reported.has(step.id)) {
          reported.add(step.id);
          const line = describe(step);
          if (line !== undefined) live.keep(line);
        }
      }
      live.update(steps);
    });
  } finally {
    live.end();
  }
}

/** Starts a run with the options of the request. */
type Start = (runs: Runs, options: StartRun, environment: Environment) => Promise<{ run: Pick<Run, 'id'> }>;

/**
 * Starts a run, follows it, and reports on it once it succeeded. The audit records the request.
 *
 * @throws Fault `run_failed` when the run did not succeed. Its own code is not used, because the command's arguments were
 *   right: a run was started
 */
export async function runToSuccess(
  request: CommandRequest,
  start: Start,
  report: (run: Run, environment: Environment) => void | Promise<void>,
): Promise<void> {
  await withPipeline(async ({ runs }: Pipeline, environment) => {
    const pool = environment.pool('pipeline');
    const { run } = await auditedRequest(pool, request, (options) => start(runs, options, environment));
    const ended = await followRun(runs, run.id);
    if (ended.state !== 'succeeded') {
      throw new Fault('run_failed', `The run ${run.id} is ${ended.state}: ${ended.error}`);
    }
    await report(ended, environment);
  });
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
    case 'expand-file':
      return Number(counts.issues ?? 0) === 0
        ? undefined
        : line('read', 'nested columns', `${number('issues')} issues`);
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
