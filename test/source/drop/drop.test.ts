import { chmod, mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { readDrop } from '../../../src/source/drop/drop.js';
import { useDatabase } from '../../database-fixture.js';
import { createThingsTable, loadDelivery, rowsOf, things, useFolder } from '../loading.js';
import { zipOf } from './zip-archive.js';

const database = useDatabase();
const folder = useFolder();
beforeAll(() => createThingsTable(database.pools.owner));

let records = 0;
const csv = () => `id,Name,note\n1,one,a\n2,two,${records++}\n`;
const newDrop = () => mkdtemp(join(folder.path, 'drop-'));

/** A gzip file of two members, and bytes after them. */
const members = (text: string, after: Buffer) =>
  Buffer.concat([gzipSync(text.slice(0, 20)), gzipSync(text.slice(20)), after]);

async function ingest(drop: string, options = {}) {
  const { deliveries } = await readDrop(drop, [things]);
  expect(deliveries).toHaveLength(1);
  return await loadDelivery(database.pools.pipeline, folder, deliveries[0]!, options);
}

describe('the files of a drop', () => {
  it.each([
    ['things.csv', (text: string) => Buffer.from(text)],
    ['Things-2017-08.CSV', (text: string) => Buffer.from(text)],
    ['things.csv.gz', (text: string) => gzipSync(text)],
    ['2017-08_things.csv.gz', (text: string) => gzipSync(text)],
    ['things.csv.gz', (text: string) => Buffer.from(text)],
    ['things.csv', (text: string) => gzipSync(text)],
    ['things.csv', (text: string) => zipOf({ 'things.csv': text })],
    ['things.csv.gz', (text: string) => zipOf({ 'inside/any.csv': text, '__MACOSX/x': 'x' })],
    ['things.csv.gz', (text: string) => members(text, Buffer.alloc(0))],
    ['things.csv.gz', (text: string) => members(text, Buffer.alloc(100_000))],
    ['drop.zip', (text: string) => zipOf({ 'inside/things.csv': text, '__MACOSX/things.csv': 'x' })],
  ])('are loaded as %s', async (name, pack) => {
    const drop = await newDrop();
    await writeFile(join(drop, name), pack(csv()));
    const { received, result } = await ingest(drop);
    expect(result).toMatchObject({ state: 'loaded', read: 2, loaded: 2, rejected: 0 });
    expect(await rowsOf(database.pools.pipeline, received.fileId)).toHaveLength(2);
  });

  it('are known by their content, however they are packed', async () => {
    const text = csv();
    const drops = [await newDrop(), await newDrop(), await newDrop()];
    await writeFile(join(drops[0]!, 'things.csv'), text);
    await writeFile(join(drops[1]!, 'things.csv.gz'), gzipSync(text));
    await writeFile(join(drops[2]!, 'again.zip'), zipOf({ 'things.csv': text }));
    const [plain, gzip, zip] = [await ingest(drops[0]!), await ingest(drops[1]!), await ingest(drops[2]!)];
    expect(plain.received.outcome).toBe('new');
    for (const { received } of [gzip, zip]) {
      expect(received).toMatchObject({ outcome: 'known', fileId: plain.received.fileId });
      expect(received.notice).toMatch(
        /same bytes as things\.csv of 2017-08 \(file \d+\), which was loaded on/,
      );
    }
  });

  it('are refused with a sentence for each archive that is damaged', async () => {
    const drop = await newDrop();
    for (const name of ['one.zip', 'other.zip']) await writeFile(join(drop, name), 'PK');
    await expect(readDrop(drop, [things])).rejects.toMatchObject({
      code: 'file_damaged',
      message: expect.stringMatching(
        /one\.zip cannot be read as a zip .*\. Deliver it again\. .*other\.zip cannot/,
      ),
    });
  });

  it('of no feed are ignored and named in a warning', async () => {
    const drop = await newDrop();
    await writeFile(join(drop, 'things.csv'), csv());
    await writeFile(join(drop, 'notes.txt'), 'x');
    await writeFile(join(drop, 'more.zip'), zipOf({ 'people.csv': 'a\n1\n' }));
    await writeFile(join(drop, '.hidden'), 'x');
    const { warnings } = await readDrop(drop, [things]);
    expect(warnings.join('\n')).toContain('notes.txt belongs to no feed');
    expect(warnings.join('\n')).toContain('more.zip/people.csv belongs to no feed');
    expect(warnings.join('\n')).not.toContain('.hidden');
  });

  it('leave nothing uncompressed behind, and a backup each', async () => {
    const drop = await newDrop();
    await writeFile(join(drop, 'things.csv.gz'), gzipSync(csv()));
    const { received } = await ingest(drop);
    expect(await readdir(join(folder.storage.folder, 'expanded'))).toEqual([]);
    const { rows } = await database.pools.pipeline.query('select * from source.file where id = $1', [
      received.fileId,
    ]);
    expect(rows[0].backup_name).toMatch(/^2017-08\/[0-9a-f]{16}-things\.csv\.gz$/);
    expect(await readdir(join(folder.storage.folder, 'backup/2017-08'))).toContain(
      rows[0].backup_name.split('/')[1],
    );
  });
});

describe('a drop', () => {
  it.each([
    [
      'that does not exist',
      async (drop: string) => join(drop, 'nowhere'),
      'drop_not_found',
      /cannot be read as a folder because it does not exist\./,
    ],
    [
      'that is a file',
      async (drop: string) => {
        await writeFile(join(drop, 'links.csv'), 'x');
        return join(drop, 'links.csv');
      },
      'drop_not_found',
      /cannot be read as a folder because it is a file\./,
    ],
    [
      'without files',
      async (drop: string) => drop,
      'drop_without_files',
      /expected at least one of things\.csv/,
    ],
  ])('%s is refused', async (_what, prepare, code, message) => {
    const drop = await prepare(await newDrop());
    await expect(readDrop(drop, [things])).rejects.toMatchObject({
      name: 'Fault',
      code,
      message: expect.stringMatching(message),
    });
  });
});

describe('a delivered file', () => {
  const half = (bytes: Buffer) => bytes.subarray(0, bytes.length - 10);
  it.each<[string, (drop: string) => Promise<unknown>, string, RegExp]>([
    [
      'that is empty',
      (drop) => writeFile(join(drop, 'things.csv'), ''),
      'file_empty',
      /things\.csv is empty/,
    ],
    ['that is a folder', (drop) => mkdir(join(drop, 'things.csv')), 'file_not_a_file', /is a folder/],
    [
      'that is a link out of the drop',
      (drop) => symlink('/etc/hostname', join(drop, 'things.csv')),
      'file_outside_drop',
      /leads out of the drop/,
    ],
    [
      'that is a link to nowhere',
      (drop) => symlink('missing', join(drop, 'things.csv')),
      'file_unreadable',
      /cannot be read/,
    ],
    [
      'that is a link to itself',
      (drop) => symlink('things.csv', join(drop, 'things.csv')),
      'file_unreadable',
      /cannot be read/,
    ],
    [
      'whose gzip is cut short',
      (drop) => writeFile(join(drop, 'things.csv.gz'), half(gzipSync(csv()))),
      'file_damaged',
      /is cut short/,
    ],
    [
      'that is neither gzip nor text',
      (drop) => writeFile(join(drop, 'things.csv.gz'), Buffer.from([0x00, 0x8b, 0x08, 0x00, 0x41])),
      'file_damaged',
      /is damaged/,
    ],
    [
      'whose gzip holds another checksum',
      async (drop) => {
        const bytes = gzipSync(csv());
        bytes.writeUInt32LE(1, bytes.length - 8);
        await writeFile(join(drop, 'things.csv.gz'), bytes);
      },
      'file_damaged',
      /is damaged/,
    ],
    [
      'whose second gzip member is damaged in its first byte',
      (drop) => {
        const text = csv();
        const second = gzipSync(text.slice(20));
        second[0] = 0;
        return writeFile(join(drop, 'things.csv.gz'), Buffer.concat([gzipSync(text.slice(0, 20)), second]));
      },
      'file_damaged',
      /is damaged \(unexpected bytes after the end of the compressed stream\)/,
    ],
    [
      'whose gzip has padding that does not reach the end',
      (drop) =>
        writeFile(
          join(drop, 'things.csv.gz'),
          Buffer.concat([gzipSync(csv()), Buffer.alloc(200_000), Buffer.from([1])]),
        ),
      'file_damaged',
      /is damaged \(unexpected bytes/,
    ],
    [
      'whose gzip is followed by other bytes',
      (drop) => writeFile(join(drop, 'things.csv.gz'), Buffer.concat([gzipSync(csv()), Buffer.from('more')])),
      'file_damaged',
      /is damaged/,
    ],
    [
      'that is an Excel workbook',
      (drop) =>
        writeFile(join(drop, 'things.csv'), zipOf({ '[Content_Types].xml': '<x/>', 'xl/workbook.xml': '' })),
      'header_unreadable',
      /^things\.csv is an Excel workbook \(\.xlsx\), expected UTF-8 text in CSV format/,
    ],
    [
      'that is a zip archive of several files',
      (drop) => writeFile(join(drop, 'things.csv'), zipOf({ 'a.csv': csv(), 'b.csv': csv() })),
      'file_damaged',
      /is a zip archive with a\.csv, b\.csv, expected one CSV file/,
    ],
    [
      'that expands too far',
      (drop) => writeFile(join(drop, 'things.csv.gz'), gzipSync(csv() + '1,x,y\n'.repeat(20_000_000))),
      'file_expands_too_far',
      /expands to more than \d+ bytes/,
    ],
  ])('%s is refused with a message that says so', async (_what, write, code, message) => {
    const drop = await newDrop();
    await write(drop);
    await expect(ingest(drop)).rejects.toMatchObject({
      name: 'Fault',
      code,
      message: expect.stringMatching(message),
    });
    expect(await readdir(join(folder.storage.folder, 'expanded'))).toEqual([]);
  });

  const [directory, flags, method] = ['PK\x01\x02', 8, 10];
  /** An archive in whose directory one byte is another. */
  const zipWith = (offset: number, byte: number) => {
    const archive = zipOf({ 'things.csv': csv() });
    archive[archive.indexOf(directory) + offset] = byte;
    return archive;
  };
  it.each<[string, () => Buffer, string, RegExp]>([
    ['is cut short', () => half(zipOf({ 'things.csv': csv() })), 'file_damaged', /drop\.zip cannot be read/],
    [
      'has a damaged directory',
      () => zipWith(0, 0),
      'file_damaged',
      /drop\.zip cannot be read as a zip archive/,
    ],
    [
      'has a file outside of it',
      () => zipOf({ '../things.csv': csv() }),
      'file_damaged',
      /drop\.zip cannot be read as a zip archive \(invalid relative path/,
    ],
    [
      'has two files of one name',
      () =>
        Buffer.from(
          zipOf({ 'things.csv': csv(), 'thingz.csv': csv() }).toString('latin1').replaceAll('gz', 'gs'),
          'latin1',
        ),
      'file_damaged',
      /contains two files named things\.csv/,
    ],
    [
      'is encrypted',
      () => zipWith(flags, 1),
      'file_unreadable',
      /^things\.csv in .*drop\.zip is encrypted\. Deliver it without/,
    ],
    [
      'is packed in another way',
      () => zipWith(method, 9),
      'file_unreadable',
      /is compressed with method 9\. Deliver it deflated/,
    ],
  ])('whose zip %s is refused with a message that says so', async (_what, pack, code, message) => {
    const drop = await newDrop();
    await writeFile(join(drop, 'drop.zip'), pack());
    await expect(ingest(drop)).rejects.toMatchObject({
      name: 'Fault',
      code,
      message: expect.stringMatching(message),
    });
    expect(await readdir(join(folder.storage.folder, 'expanded'))).toEqual([]);
  });

  it('that may not be read is refused with a message that says so', async () => {
    const drop = await newDrop();
    await writeFile(join(drop, 'things.csv'), csv());
    await chmod(join(drop, 'things.csv'), 0o000);
    // Nothing is closed to root, so the file is read as somebody else: the rights of this process, not its files, are lent.
    await Promise.all([folder.path, drop].map((path) => chmod(path, 0o755)));
    const asRoot = process.geteuid!() === 0;
    if (asRoot) process.seteuid!(65_534);
    try {
      await expect(ingest(drop)).rejects.toMatchObject({
        name: 'Fault',
        code: 'file_unreadable',
        message: expect.stringMatching(/^things\.csv cannot be read \(EACCES: permission denied, open/),
      });
    } finally {
      if (asRoot) process.seteuid!(0);
    }
    await chmod(join(drop, 'things.csv'), 0o644);
    expect((await ingest(drop)).result).toMatchObject({ state: 'loaded', loaded: 2 });
  });

  it.each([8, 0])(
    'whose zip holds other bytes than its checksum says is refused (method %i)',
    async (method) => {
      const drop = await newDrop();
      const archive = zipOf({ 'things.csv': csv() }, method);
      // The sum stands in the directory at the end; the bytes of the file are as deflated, or stored, as they were.
      archive[archive.indexOf('PK\x01\x02') + 16]! ^= 1;
      await writeFile(join(drop, 'drop.zip'), archive);
      await expect(ingest(drop)).rejects.toMatchObject({
        name: 'Fault',
        code: 'file_damaged',
        message: expect.stringContaining('drop.zip/things.csv is damaged'),
      });
      expect(await readdir(join(folder.storage.folder, 'expanded'))).toEqual([]);
    },
  );

  it('that is a link to another file of the drop is loaded', async () => {
    const drop = await newDrop();
    await mkdir(join(drop, '.parts'));
    await writeFile(join(drop, '.parts', 'real.csv'), csv());
    await symlink(join('.parts', 'real.csv'), join(drop, 'things.csv'));
    expect((await ingest(drop)).result).toMatchObject({ state: 'loaded', loaded: 2 });
  });
});
