import type pg from 'pg';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { Fault } from '../../fault.js';
import type { Origin } from '../drop/origin.js';

/**
 * The origin of the first file, which the others have to share. A file recorded by an earlier version, which did not ask, counts as
 * the operator's own.
 *
 * @returns undefined as long as no file was received
 */
export async function readHomeOrigin(database: Queryable): Promise<Origin | undefined> {
  const { file } = await ledger(database);
  const first = await file.findFirst({ orderBy: { id: 'asc' }, select: { origin: true } });
  if (first === null) return undefined;
  return first.origin === 'sample' ? 'sample' : 'own';
}

/**
 * Refuses files that do not come from `marquee sample` if the database holds its sample: both use the same ids for different
 * things.
 *
 * @param subject what is refused, for the message
 * @throws Fault drop_foreign
 */
export async function refuseForeign(database: Queryable, origin: Origin, subject: string): Promise<void> {
  if (origin === 'sample' || (await readHomeOrigin(database)) !== 'sample') return;
  throw new Fault(
    'drop_foreign',
    `${subject} was not written by marquee sample, but the sample is loaded here and uses the same ids for other things, so nothing was loaded: replace the sample with marquee up --fresh DROP, or use another home (MARQUEE_HOME).`,
  );
}

/** The same in the transaction that records a file; of files that arrive at the same time, the first one decides. */
export async function requireSameOrigin(
  client: pg.ClientBase,
  origin: Origin,
  subject: string,
): Promise<void> {
  await client.query(
    `/* source.lock_origin */ select pg_advisory_xact_lock(hashtextextended('marquee.origin', 0))`,
  );
  await refuseForeign(client, origin, subject);
}
