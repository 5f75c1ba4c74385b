import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/fault.js';
import { decodeRaw } from '../../../src/source/csv/raw-text.js';
import { listRejects } from '../../../src/source/ledger/reject-ledger.js';
import { useDatabase } from '../../database-fixture.js';
import { propertyCases, propertyRuns } from '../../property-runs.js';
import { askPython, pythonIsThere, readAsPython } from '../csv/python-csv.js';
import { createThingsTable, loadBytes, rowsOf, useFolder } from '../loading.js';

if (!pythonIsThere) {
  process.stderr.write(
    'Files that are cut are held against a transcription of Python’s csv module, for want of python3.\n',
  );
}

const database = useDatabase();
const folder = useFolder();
beforeAll(() => createThingsTable(database.pools.owner));

const header = 'id,Name,note\r\n';

const hostile = [
  '1,plain,\n',
  '2,"quoted, with comma","say ""hi"""\r\n',
  '3,"two\nlines","three\r\nlines\n\n"\n',
  '4,"","é – 漢字 🎬"\n',
  '\\.\n',
  '5,"a line\n\\.\nin quotes",x\n',
  '\n',
  '6,in"side,"be"hind\n',
  'too,few\n',
  'far,too,many,fields\n',
  '7,last,one',
].join('');

/** Enough good records for the bytes before the cut to be handed to COPY as they are. */
const ahead = `padding,${'x'.repeat(690)},record\n`.repeat(100);

/** All of a file in order, as Python would put it: loaded rows, and what Python reads in the raw text of the rejects. */
async function kept(pool: pg.Pool, fileId: number) {
  const rows = (await rowsOf(pool, fileId)).map(({ record_number: number, values }) => ({
    number,
    // COPY tells an empty field from a quoted one; Python does not.
    read: [values.map((value) => value ?? '')],
  }));
  const rejects = (await listRejects(pool, { fileId })).map(
    ({ record_number: number, raw, raw_encoding }) => ({
      number,
      read: readAsPython(new TextDecoder().decode(decodeRaw(raw, raw_encoding))),
    }),
  );
  return [...rows, ...rejects].sort((left, right) => left.number - right.number);
}

/** Removes all that was loaded, so that no file is known and the next load is as quick as the first. */
async function forget({ pipeline, owner }: { pipeline: pg.Pool; owner: pg.Pool }): Promise<void> {
  const { rows } = await pipeline.query<{ name: string }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'source.src_things'::regclass",
  );
  await owner.query(
    `${rows.map(({ name }) => `drop table ${name};`).join('')}
     delete from source.reject; delete from source.part; delete from source.file`,
  );
}

describe.each([
  { what: 'a hostile file', before: header, body: hostile },
  { what: 'a hostile end behind records that are copied as bytes', before: header + ahead, body: hostile },
  { what: 'a header', before: '', body: `${header}1,one,a\n` },
])('$what, cut at every byte and loaded', ({ before, body }) => {
  it('is in the database as Python reads it, or refused and no trace of it left', async () => {
    const start = Buffer.from(before);
    const end = Buffer.from(body);
    const cuts = Array.from({ length: end.length + 1 }, (_, cut) => end.subarray(0, cut));
    const head = before === '' ? '' : header;
    const texts = cuts.map((cut) => head + new TextDecoder().decode(cut));
    const python = pythonIsThere ? askPython(texts) : texts.map((text) => readAsPython(text));
    const outcomes = { loaded: 0, refused: 0 };
    // The first always, since only a file that is cut at its start is refused.
    const tried = new Map([...cuts.entries()].slice(0, 1).concat(propertyCases([...cuts.entries()])));
    for (const [cut, bytes] of tried) {
      // What Python keeps behind the header and the records put ahead of the cut.
      const expected = python[cut]!.slice(1);
      const load = loadBytes(database.pools.pipeline, folder, Buffer.concat([start, bytes]), {
        rejectShare: 1,
      });
      const loaded = await load.catch((error: unknown) => {
        expect(error, `cut at ${cut}`).toBeInstanceOf(Fault);
        return undefined;
      });
      if (loaded === undefined) {
        outcomes.refused++;
        expect(expected, `cut at ${cut}`).toEqual([]);
        expect((await database.pools.pipeline.query('select from source.file')).rowCount).toBe(0);
        continue;
      }
      outcomes.loaded++;
      const all = await kept(database.pools.pipeline, loaded.received.fileId);
      const ahead = all.length - expected.length;
      expect(ahead, `cut at ${cut}`).toBe(before === header || before === '' ? 0 : 100);
      expect(
        all.map(({ number }) => number),
        `cut at ${cut}`,
      ).toEqual(all.map((_, index) => index + 1));
      expect(
        all.slice(ahead).flatMap(({ read }) => read),
        `cut at ${cut}`,
      ).toEqual(expected);
      expect(loaded.result, `cut at ${cut}`).toMatchObject({ state: 'loaded', read: all.length });
      await forget(database.pools);
    }
    expect(outcomes.loaded, 'so that the comparison cannot be empty').toBeGreaterThan(
      propertyRuns(before === '' ? 5 : 180),
    );
    expect(outcomes.refused > 0).toBe(before !== header + ahead);
  }, 120_000);
});
