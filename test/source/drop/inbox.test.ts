import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDrop } from '../../../src/source/drop/drop.js';
import { findPassedOver, scanInbox } from '../../../src/source/drop/inbox.js';
import { things, useFolder } from '../loading.js';

const folder = useFolder();
const stableMs = 30_000;
const later = () => Date.now() + stableMs + 1000;

async function fill(files: Record<string, string>): Promise<string> {
  const inbox = await mkdtemp(join(folder.path, 'inbox-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(inbox, name, '..'), { recursive: true });
    await writeFile(join(inbox, name), content);
  }
  return inbox;
}

describe('the inbox', () => {
  it('gives folders named by a period and loose files named with one, the oldest first', async () => {
    const inbox = await fill({
      '2017-09/things.csv': 'x',
      'movies 2017-08/things.csv': 'x',
      'things-2017-10.csv': 'x',
      'things_2017-10.csv.gz': 'x',
      'people-2017-10.csv': 'x',
      'drop-2017-11.zip': 'x',
      'things.csv': 'x',
      'elsewhere/things.csv': 'x',
      '2017-12/.things.csv': 'x',
    });
    const ready = await scanInbox(inbox, [things], { stableMs, now: later() });
    expect(ready.map(({ key, ...drop }) => drop)).toEqual([
      { period: '2017-08', folder: join(inbox, 'movies 2017-08') },
      { period: '2017-09', folder: join(inbox, '2017-09') },
      { period: '2017-10', folder: inbox, files: ['things-2017-10.csv', 'things_2017-10.csv.gz'] },
      { period: '2017-11', folder: inbox, files: ['drop-2017-11.zip'] },
    ]);
  });

  it('gives loose files that are read without the others', async () => {
    const inbox = await fill({ 'things-2017-10.csv': 'x', 'things-2017-11.csv': 'x', 'notes.txt': 'x' });
    const ready = await scanInbox(inbox, [things], { stableMs, now: later() });
    const drops = await Promise.all(
      ready.map((found) => readDrop(found.folder, [things], { only: found.files })),
    );
    expect(drops.map(({ deliveries }) => deliveries.map(({ name }) => name))).toEqual([
      ['things-2017-10.csv'],
      ['things-2017-11.csv'],
    ]);
    expect(drops.flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  it('waits until nothing of a delivery has changed for the stated time', async () => {
    const inbox = await fill({ '2017-08/things.csv': 'x' });
    expect(await scanInbox(inbox, [things], { stableMs })).toEqual([]);
    expect(await scanInbox(inbox, [things], { stableMs, now: later() })).toHaveLength(1);
    await writeFile(join(inbox, '2017-08/more.csv'), 'x');
    expect(await scanInbox(inbox, [things], { stableMs, now: Date.now() })).toEqual([]);
  });

  it('gives the same key for the same state of a delivery and another once it changed', async () => {
    const inbox = await fill({ '2017-08/things.csv': 'x', '2017-09/things.csv': 'x' });
    const keys = async () =>
      (await scanInbox(inbox, [things], { stableMs, now: later() })).map(({ key }) => key);
    const first = await keys();
    expect(new Set(first).size).toBe(2);
    expect(await keys()).toEqual(first);
    await writeFile(join(inbox, '2017-08/people.csv'), 'x');
    const second = await keys();
    expect(second[0]).not.toBe(first[0]);
    expect(second[1]).toBe(first[1]);
  });

  it('reports what it ignores and why, once it is complete', async () => {
    const inbox = await fill({
      '2017-09/things.csv': 'x',
      'things-2017-10.csv': 'x',
      'people-2017-10.csv': 'x',
      'things.csv': 'x',
      '2017-13/things.csv': 'x',
      '.uploads/things.csv': 'x',
    });
    expect(await findPassedOver(inbox, [things], { stableMs })).toEqual([]);
    expect(await findPassedOver(inbox, [things], { stableMs, now: later() })).toEqual([
      `Ignored ${inbox}/2017-13: its name contains no month. Name it by its month, such as 2017-08.`,
      `Ignored ${inbox}/people-2017-10.csv: it belongs to no feed. The files of the feeds are things.csv.`,
      `Ignored ${inbox}/things.csv: its name contains no month. Name it by its month, such as 2017-08.`,
    ]);
  });

  it('is empty when the folder does not exist', async () => {
    expect(await scanInbox(join(folder.path, 'nowhere'), [things], { stableMs })).toEqual([]);
  });
});
