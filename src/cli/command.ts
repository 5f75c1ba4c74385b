import { userInfo } from 'node:os';
import { readConfiguration } from '../configuration.js';
import { type Environment, openEnvironment } from './environment.js';
import { type Log, openLog } from './log.js';

/** Runs one command's work with what it needs, and closes it whatever happens. */
export async function withEnvironment<T>(
  work: (environment: Environment, log: Log) => Promise<T>,
): Promise<T> {
  const configuration = readConfiguration();
  const log = openLog(configuration.logLevel === 'info' ? 'warn' : configuration.logLevel);
  const environment = await openEnvironment(configuration);
  try {
    return await work(environment, log);
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

/** A promise that is kept when the process is asked to stop. Asked twice, or when stopping hangs, it ends at once. */
export function stopRequested(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      resolve(signal);
      const giveUp = () => process.exit(1);
      setTimeout(giveUp, stopMilliseconds).unref();
      for (const again of ['SIGINT', 'SIGTERM'] as const) {
        process.removeAllListeners(again);
        process.once(again, giveUp);
      }
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
}
