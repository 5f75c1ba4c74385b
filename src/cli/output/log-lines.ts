import { write, writeSync } from 'node:fs';

/** A file descriptor that log lines are written to, together. */
export interface LogLines {
  write(line: string): void;
}

/** How long a line may wait for others; the end of the process writes what is left, a kill loses it. */
const waitMilliseconds = 200;
/** Lines of this many characters are written at once. */
const batchCharacters = 4096;
/** At the end of the process a reader that keeps up no more is waited for this often. */
const lastAttempts = 20;
const lastWaitMilliseconds = 50;

/**
 * Writes lines together, beside the work: each by itself would take a busy API a tenth of its time. A log that nobody
 * reads any more, or whose disk is full, stops no process: its lines are lost. (pino's own destination ends the
 * process on a full disk, and where the reader has gone at the same time as the process is asked to stop, it tries
 * for ever to write the rest.)
 */
export function logLines(descriptor: number): LogLines {
  let waiting: string[] = [];
  let characters = 0;
  let writing = false;
  /** What a reader that does not keep up has not taken yet. */
  let refused: Buffer | undefined;
  let readerGone = false;

  const timer = setInterval(flush, waitMilliseconds);
  timer.unref();
  process.once('exit', writeTheRest);

  function take(): Buffer {
    const chunk = Buffer.from(waiting.join(''));
    waiting = [];
    characters = 0;
    return chunk;
  }

  function flush(): void {
    if (writing || waiting.length === 0) return;
    writing = true;
    writeOut(take());
  }

  function writeOut(chunk: Buffer): void {
    refused = undefined;
    write(descriptor, chunk, (error, length) => {
      if (error?.code === 'EAGAIN') {
        refused = chunk;
        setTimeout(() => writeOut(chunk), waitMilliseconds).unref();
        return;
      }
      if (error) {
        lose(error);
      } else if (length < chunk.length) {
        writeOut(chunk.subarray(length));
        return;
      }
      writing = false;
      if (characters >= batchCharacters) flush();
    });
  }

  function writeTheRest(): void {
    let chunk = Buffer.concat([...(refused ? [refused] : []), take()]);
    for (let attempt = 0; chunk.length > 0 && attempt < lastAttempts; ) {
      try {
        chunk = chunk.subarray(writeSync(descriptor, chunk));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
        attempt += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lastWaitMilliseconds);
      }
    }
  }

  function lose(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EPIPE') return; // A disk may have room again.
    readerGone = true;
    clearInterval(timer);
    waiting = [];
    characters = 0;
  }

  return {
    write(line) {
      if (readerGone) return;
      waiting.push(line);
      characters += line.length;
      if (characters >= batchCharacters) flush();
    },
  };
}
