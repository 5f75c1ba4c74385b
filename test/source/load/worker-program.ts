// A loading process for the tests that kill it: it ingests one drop, says so, and ends.
import pg from 'pg';
import { readDrop } from '../../../src/source/drop/drop.js';
import type { Feed } from '../../../src/source/feed.js';
import { loadDeliveries } from '../load-drop.js';

/** What the process is told. */
export interface Assignment {
  readonly connectionString: string;
  readonly feed: Feed;
  readonly drop: string;
  readonly storage: string;
  readonly partBytes: number;
}

const { connectionString, feed, drop, storage, partBytes }: Assignment = JSON.parse(process.argv[2] ?? '{}');
const pool = new pg.Pool({ connectionString });
process.send!('ready');
const { deliveries } = await readDrop(drop, [feed]);
const [loaded] = await loadDeliveries(pool, { folder: storage }, [feed], deliveries, '2017-08', {
  partBytes,
  rejectShare: 1,
});
process.send!(loaded!.result ?? loaded!.received);
await pool.end();
process.disconnect();
