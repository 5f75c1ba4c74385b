import { readFileSync } from 'node:fs';

/**
 * Identifies a process even if a later one gets the same id: the process id and, on Linux, its start time in clock ticks
 * since boot.
 */
export function processIdentity(pid: number = process.pid): string {
  return `${pid} ${startTicks(pid) ?? ''}`.trimEnd();
}

/** Whether the process identified by {@link processIdentity} is still running. */
export function isAlive(identity: string): boolean {
  const [pidText = '', ticks] = identity.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) {
    return false;
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is running, as another user.
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
    // A zombie has ended and only waits for its parent to collect it.
    return state === 'Z' ? 'zombie' : rest[18];
  } catch {
    // No /proc (macOS): the process id alone has to be enough.
    return undefined;
  }
}
