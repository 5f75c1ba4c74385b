import { readFileSync } from 'node:fs';

/**
 * Names a process so that a later process with the same number is not taken for it:
 * the number, and on Linux the moment it was started (in clock ticks since boot).
 */
export function processIdentity(pid: number = process.pid): string {
  return `${pid} ${startTicks(pid) ?? ''}`.trimEnd();
}

/** Whether the process named by {@link processIdentity} still runs. */
export function isAlive(identity: string): boolean {
  const [pidText = '', ticks] = identity.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) {
    return false;
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') {
      return false;
    }
  }
  return ticks === undefined || startTicks(pid) === ticks;
}

function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; it only waits for its parent to look.
    return state === 'Z' ? 'zombie' : rest[18];
  } catch {
    // No /proc (macOS): the number alone has to do.
    return undefined;
  }
}
