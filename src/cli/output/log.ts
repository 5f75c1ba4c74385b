import { pino } from 'pino';
import { messageOf } from '../../fault.js';
import { logLines } from './log-lines.js';

/** Structured log lines. */
export type Log = ReturnType<typeof openLog>;

/** Writes log lines as JSON to standard error, so that standard output stays the command's answer. */
export function openLog(level: string) {
  return pino({ level, base: null, redact: ['password', 'secret', 'token', 'authorization'] }, logLines(2));
}

const quietMilliseconds = 10_000;

/** Logs what the queue reports, each message once in a while: a lost connection is told by all that notice. */
export function quietly(log: Log): (error: unknown) => void {
  const told = new Map<string, number>();
  return (error) => {
    const message = messageOf(error);
    if (Date.now() - (told.get(message) ?? 0) > quietMilliseconds) {
      told.set(message, Date.now());
      log.warn(`The queue reports: ${message}`);
    }
  };
}
