import { constants, userInfo } from 'node:os';
import { readConfiguration } from '../../configuration.js';
import { type Log, openLog } from '../output/log.js';
import { type Environment, openEnvironment } from './environment.js';

/**
 * Runs one command's work with what it needs, and closes it whatever happens. Interrupted, the process ends at once,
 * but not before it has stopped what it started; a run that was under way is finished by the next worker.
 */
export async function withEnvironment<T>(
  work: (environment: Environment, log: Log) => Promise<T>,
): Promise<T> {
  const configuration = readConfiguration();
  const log = openLog(configuration.logLevel === 'info' ? 'warn' : configuration.logLevel);
  const opening = openEnvironment(configuration);
  let interrupted = false;
  onSignal(async (signal) => {
    interrupted = true;
    const environment = await opening.catch(() => undefined);
    await environment?.abandon();
    process.exit(128 + constants.signals[signal]);
  });
  const environment = await opening;
  try {
    return await work(environment, log);
  } catch (error) {
    if (interrupted) {
      await new Promise(() => {}); // It failed because the database went; the process is about to end.
    }
    throw error;
  } finally {
    await environment.close();
  }
}

/** Who runs this command, for the ledger. */
export function commandUser(): string {
  return `cli:${userInfo().username}`;
}

/** How long stopping may take before the process ends all the same; what it left undone the next start finishes. */
const stopMilliseconds = 20_000;

/** npm passes on the signal that the terminal has given its children already: within this time it is one. */
const echoMilliseconds = 300;

/** Calls back when the process is asked to stop or its terminal is closed. Asked twice, or when stopping hangs, it ends. */
function onSignal(stop: (signal: NodeJS.Signals) => void): void {
  let asked: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (asked === undefined) {
        asked = Date.now();
        setTimeout(() => process.exit(1), stopMilliseconds).unref();
        stop(signal);
      } else if (Date.now() - asked > echoMilliseconds) {
        process.exit(1);
      }
    });
  }
}

/** A promise that is kept when the process is asked to stop, or when nobody reads its output any more. */
export function stopRequested(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    onSignal(resolve);
    process.stdout.once('error', () => resolve('SIGPIPE'));
  });
}
