import { userInfo } from 'node:os';
import { type Configuration, readConfiguration } from '../configuration.js';
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

/** A promise that is kept when the process is asked to stop. */
export function stopRequested(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, resolve);
    }
  });
}

export type { Configuration };
