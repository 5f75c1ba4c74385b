import { write, writeSync } from 'node:fs';

/** Collects log lines and writes them to a file descriptor in batches. */
export interface LogLines {
  write(line: string): void;
}

/** How long a line may wait for others. Lines that still wait are written when the process ends; a kill loses them. */
const waitMilliseconds = 200;
/** A batch of this many characters is written at once. */
const batchCharacters = 4096;
/** At the end of the process, how often to retry when the reader is slow. */
const lastAttempts = 20;
const lastWaitMilliseconds = 50;

/**
 * Writes lines in batches: one write per line would take a tenth of a busy API's time. If the reader has gone or the disk
 * is full, lines are lost but the process continues. (pino's own destination ends the process on a full disk, and if the
 * reader goes while the process is asked to stop, it tries for ever to write the rest.)
 */
export function logLines(descriptor: number): LogLines {
  let waiting: string[] = [];
  let characters = 0;
  let writing = false;
  /** Bytes that a slow reader has not accepted yet. */
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
    if (error.code !== 'EPIPE') return; // A full disk may have room later.
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
