import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inLanes } from '../../../src/source/programmatic/lanes.js';

describe('lanes', () => {
  it('run no more than their number at once, and what work adds as well', async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await inLanes(2, (lanes) => {
      const add = (number: number) =>
        lanes.add(async () => {
          running++;
          most = Math.max(most, running);
          await sleep(1);
          running--;
          done.push(number);
          if (number < 5) {
            add(number + 5);
          }
        });
      for (let number = 0; number < 5; number++) {
        add(number);
      }
    });
    expect(most).toBe(2);
    expect(done.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('end what is under way before the first error is thrown, and start nothing more', async () => {
    const log: string[] = [];
    const work = inLanes(2, (lanes) => {
      lanes.add(async () => {
        await sleep(1);
        throw new Error('first');
      });
      lanes.add(async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        log.push('told to end');
        throw new Error('second');
      });
      lanes.add(async () => {
        log.push('never');
      });
    });
    await expect(work).rejects.toThrow('first');
    expect(log).toEqual(['told to end']);
  });

  it('end when they are told to from outside', async () => {
    const stop = new AbortController();
    const work = inLanes(
      1,
      (lanes) => {
        lanes.add(async ({ signal }) => {
          stop.abort(new Error('cancelled'));
          expect(signal.aborted).toBe(true);
        });
        lanes.add(async () => {
          throw new Error('never');
        });
      },
      stop.signal,
    );
    await expect(work).rejects.toThrow('cancelled');
  });
});
