/** How long stopping may take before the process exits anyway. The next start finishes what is left undone. */
const stopMilliseconds = 20_000;

/** npm forwards a signal that the terminal has already sent to its children: two within this time count as one. */
const echoMilliseconds = 300;

/**
 * Calls `stop` when the process is asked to stop or its terminal is closed. A second request, or a stop that takes too
 * long, ends the process.
 */
export function onSignal(stop: (signal: NodeJS.Signals) => void): void {
  let requestedAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (requestedAt === undefined) {
        requestedAt = Date.now();
        setTimeout(() => process.exit(1), stopMilliseconds).unref();
        stop(signal);
      } else if (Date.now() - requestedAt > echoMilliseconds) {
        process.exit(1);
      }
    });
  }
}

/** Resolves when the process is asked to stop, or when nobody reads its output any more. */
export function stopRequested(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    onSignal(resolve);
    process.stdout.once('error', () => resolve('SIGPIPE'));
  });
}
