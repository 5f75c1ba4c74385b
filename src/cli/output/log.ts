import { pino } from 'pino';
import { messageOf } from '../../fault.js';
import { logLines } from './log-lines.js';

/** Structured log lines. */
export type Log = ReturnType<typeof openLog>;

/** Writes log lines as JSON to standard error; standard output is for the command's result. */
export function openLog(level: string) {
  return pino({ level, base: null, redact: ['password', 'secret', 'token', 'authorization'] }, logLines(2));
}

const quietMilliseconds = 10_000;

/** Logs errors of the queue. The same message is logged once per interval: every connection reports a lost server. */
export function quietly(log: Log): (error: unknown) => void {
  const loggedAt = new Map<string, number>();
  return (error) => {
    const message = messageOf(error);
    if (Date.now() - (loggedAt.get(message) ?? 0) > quietMilliseconds) {
      loggedAt.set(message, Date.now());
      log.warn(`The queue reports: ${message}`);
    }
  };
}
