/** A piece of work; it should end soon when the signal says so. */
export type LaneWork = (context: { signal: AbortSignal }) => Promise<void>;

/** Where work is added, also by work that runs. */
export interface Lanes {
  add(work: LaneWork): void;
}

/**
 * Runs pieces of work in the order they are added, at most `width` at once, until none is left.
 *
 * @param signal ends all of it from outside
 * @throws the first error, after everything that was under way has ended: nobody works behind the caller's back
 */
export async function inLanes(
  width: number,
  fill: (lanes: Lanes) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const waiting: LaneWork[] = [];
  const stop = new AbortController();
  const together = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  await fill({ add: (work) => waiting.push(work) });
  const start = (work: LaneWork) => {
    const run: Promise<void> = work({ signal: together })
      .catch((error: unknown) => {
        failure ??= { error };
        stop.abort();
      })
      .finally(() => running.delete(run));
    running.add(run);
  };
  while (running.size > 0 || waiting.length > 0) {
    while (running.size < width && waiting.length > 0 && !together.aborted) {
      start(waiting.shift()!);
    }
    if (running.size === 0) {
      break;
    }
    await Promise.race(running);
  }
  if (failure !== undefined) {
    throw failure.error;
  }
  signal?.throwIfAborted();
}
