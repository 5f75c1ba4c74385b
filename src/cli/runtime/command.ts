import { constants, userInfo } from 'node:os';
import type { Pipeline } from '../../../jobs/worker.js';
import { type Configuration, readConfiguration } from '../../configuration.js';
import { type Log, openLog } from '../output/log.js';
import { warn } from '../output/terminal.js';
import { shortId } from '../output/text-format.js';
import { type Environment, openEnvironment } from './environment.js';
import { onSignal, stopRequested } from './signals.js';

/** The user who runs this command, as the ledger records it. */
export function commandUser(): string {
  return `cli:${userInfo().username}`;
}

/** Commands print their result; their log is for what goes wrong. */
function commandLog({ logLevel }: Configuration): Log {
  return openLog(logLevel === 'info' ? 'warn' : logLevel);
}

/**
 * Gives a command the databases and secrets it needs and closes them when it ends. When interrupted, the process stops
 * what it started and exits at once.
 *
 * @param onInterrupt called first when interrupted
 */
export async function withEnvironment<T>(
  work: (environment: Environment, log: Log) => Promise<T>,
  onInterrupt?: () => void,
): Promise<T> {
  const configuration = readConfiguration();
  const log = commandLog(configuration);
  const opening = openEnvironment(configuration);
  let interrupted = false;
  onSignal(async (signal) => {
    interrupted = true;
    onInterrupt?.();
    const environment = await opening.catch(() => undefined);
    await environment?.abandon();
    process.exit(128 + constants.signals[signal]);
  });
  const environment = await opening;
  try {
    return await work(environment, log);
  } catch (error) {
    if (interrupted) {
      await new Promise(() => {}); // The database was stopped; the process is about to exit.
    }
    throw error;
  } finally {
    await environment.close();
  }
}

/**
 * Gives a command the queues as well, processed by the workers that are running or else by this process. When interrupted
 * while it follows a run, it says how the run continues.
 */
export async function withPipeline<T>(
  work: (pipeline: Pipeline, environment: Environment) => Promise<T>,
): Promise<T> {
  let followed: string | undefined;
  return withEnvironment(
    async (environment, log) => {
      const { usePipeline } = await import('./services.js');
      const pipeline = await usePipeline(environment, log);
      const follow: Pipeline['runs']['follow'] = async (runId, ...more) => {
        followed = runId;
        const run = await pipeline.runs.follow(runId, ...more);
        followed = undefined;
        return run;
      };
      try {
        return await work({ ...pipeline, runs: { ...pipeline.runs, follow } }, environment);
      } finally {
        await pipeline.close();
      }
    },
    () => {
      if (followed !== undefined) warn(resumeHint(followed));
    },
  );
}

/** States that an interrupted run is not lost. */
export function resumeHint(runId: string): string {
  return `Interrupted. Run ${shortId(runId)} resumes from where it stopped at the next marquee up or marquee worker.`;
}

/** What a long-running command works with until it is asked to stop. */
export interface Service {
  readonly configuration: Configuration;
  readonly environment: Environment;
  readonly log: Log;
  /** Resolves when the process is asked to stop. */
  readonly stop: Promise<NodeJS.Signals>;
}

/**
 * Gives a long-running command its environment and its traces, and closes both when it ends.
 *
 * @param name the service's name in traces
 * @param output `log`: structured log lines; `terminal`: sentences for a user, and the log only for what goes wrong
 */
export async function withService(
  name: string,
  output: 'log' | 'terminal',
  work: (service: Service) => Promise<void>,
): Promise<void> {
  const configuration = readConfiguration();
  const log = output === 'log' ? openLog(configuration.logLevel) : commandLog(configuration);
  const stop = stopRequested();
  const { startTelemetry } = await import('./telemetry.js');
  const telemetry = await startTelemetry(configuration, name, log);
  try {
    const environment = await openEnvironment(configuration);
    try {
      await work({ configuration, environment, log, stop });
    } finally {
      await environment.close();
    }
  } finally {
    await telemetry.close();
  }
}
