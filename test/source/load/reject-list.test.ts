import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { listRejects, type RejectFilter } from '../../../src/source/ledger/reject-ledger.js';
import { useDatabase } from '../../database-fixture.js';
import { createThingsTable, loadBytes, useFolder } from '../loading.js';

const database = useDatabase();
const folder = useFolder();
const runId = randomUUID();
let fileId: number;

beforeAll(async () => {
  await createThingsTable(database.pools.owner);
  const load = (text: string, options: object) =>
    loadBytes(database.pools.pipeline, folder, `id,Name,note\n${text}`, { rejectShare: 1, ...options });
  const first = await load('1,a\n2,b\n', { period: '2017-08', fileName: 'things-2017-08.csv' });
  fileId = first.received.fileId;
  await load('3,c\n', { period: '2017-09', runId });
});

it.each<[string, () => RejectFilter, string[]]>([
  ['all, the oldest first', () => ({}), ['1,a', '2,b', '3,c']],
  ['the newest first', () => ({ newestFirst: true }), ['3,c', '2,b', '1,a']],
  ['of a month', () => ({ period: '2017-08' }), ['1,a', '2,b']],
  ['of a file by its number', () => ({ fileId }), ['1,a', '2,b']],
  ['of a file by its name', () => ({ fileName: 'things.csv' }), ['3,c']],
  ['of a run', () => ({ runId }), ['3,c']],
  ['of a run and another month', () => ({ runId, period: '2017-08' }), []],
])('rejects are listed: %s', async (_what, filter, raw) => {
  const rows = await listRejects(database.pools.pipeline, filter());
  expect(rows.map((row) => row.raw)).toEqual(raw);
});

it('rejects are listed page by page in either order', async () => {
  for (const newestFirst of [true, false]) {
    const filter = { newestFirst, limit: 2 };
    const [, second] = await listRejects(database.pools.pipeline, filter);
    const rest = await listRejects(database.pools.pipeline, { ...filter, after: second!.id });
    expect(rest.map((row) => row.raw)).toEqual([newestFirst ? '1,a' : '3,c']);
  }
});
