import { pino } from 'pino';

/** Structured log lines. */
export type Log = ReturnType<typeof openLog>;

/** Writes log lines as JSON to standard error, so that standard output stays the command's answer. */
export function openLog(level: string) {
  return pino(
    { level, base: null, redact: ['password', 'secret', 'token', 'authorization'] },
    pino.destination(2),
  );
}
