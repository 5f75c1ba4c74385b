import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identifier } from '../../src/database/identifier.js';
import { feeds } from '../../src/dataset/feeds.js';
import { packageRoot } from '../../src/package-root.js';
import { readDrop } from '../../src/source/drop/drop.js';
import { tableOf } from '../../src/source/feed.js';
import { useDatabase } from '../database-fixture.js';
import { readAsPython } from './csv/python-csv.js';
import { loadDeliveries } from './load-drop.js';
import { useFolder } from './loading.js';

const sample = join(packageRoot, '..', 'shared', 'data', 'the-movies-dataset-1k');
const found = existsSync(sample);
if (!found) {
  process.stderr.write(
    `Skipped: the real sample is not at ${sample}, so loading is tested on made-up files only.\n`,
  );
}

/** One value for all records in order, empty fields told from missing ones by nothing, as Python has it. */
function digest(records: readonly (readonly (string | null)[])[]): string {
  const hash = createHash('sha256');
  for (const record of records) {
    hash.update(`${JSON.stringify(record.map((field) => field ?? ''))}\n`);
  }
  return hash.digest('hex');
}

describe.skipIf(!found)('the real sample', () => {
  const database = useDatabase();
  const folder = useFolder();

  it('is in source, field by field, as Python reads it', async () => {
    const { deliveries } = await readDrop(sample, feeds);
    expect(deliveries).toHaveLength(5);
    const loaded = await loadDeliveries(
      database.pools.pipeline,
      folder.storage,
      feeds,
      deliveries,
      '2017-08',
      {
        partBytes: 500_000,
      },
    );
    for (const [index, { result, received }] of loaded.entries()) {
      const { feed, path } = deliveries[index]!;
      const python = readAsPython(readFileSync(path, 'utf8')).slice(1);
      const good = python.filter((record) => record.length === feed.columns.length);
      expect(result, feed.name).toMatchObject({
        state: 'loaded',
        read: python.length,
        loaded: good.length,
        rejected: python.length - good.length,
      });
      const columns = feed.columns.map((column) => identifier(column)).join(', ');
      const { rows } = await database.pools.pipeline.query({
        text: `select ${columns} from source.${tableOf(feed)} where file_id = $1 order by record_number`,
        values: [received.fileId],
        rowMode: 'array',
      });
      expect(digest(rows), feed.name).toBe(digest(good));
    }
  });
});
