import type pg from 'pg';
import { Fault } from '../../fault.js';

/** What the migrations use that is not part of every Postgres server. */
const needed = { extensions: ['unaccent', 'pg_trgm'], collation: 'und-x-icu' };

/**
 * Checks that the server has the extensions and the collation that searching and sorting names need.
 *
 * @throws Fault `database_lacks_extension` with what to install
 */
export async function requireServerParts(
  owner: pg.ClientBase,
  { extensions, collation } = needed,
): Promise<void> {
  const { rows } = await owner.query<{ missing: string[]; has_collation: boolean; may_create: boolean }>(
    `/* database.find_server_parts */
     select
       array(select unnest($1::text[]) except select name from pg_available_extensions order by 1) as missing,
       exists (select from pg_collation where collname = $2 and collnamespace = 'pg_catalog'::regnamespace) as has_collation,
       has_database_privilege(current_database(), 'create')
         or $1::text[] <@ array(select extname::text from pg_extension) as may_create`,
    [extensions, collation],
  );
  const { missing, has_collation: hasCollation, may_create: mayCreate } = rows[0]!;
  const names = (list: readonly string[]) => list.join(' and ');
  if (missing.length > 0) {
    throw new Fault(
      'database_lacks_extension',
      `The Postgres server lacks ${names(missing)}, which searching names needs: install its contrib extensions (Debian includes them in the package postgresql, Fedora has postgresql-contrib), then run marquee migrate again.`,
    );
  }
  if (!hasCollation) {
    throw new Fault(
      'database_lacks_extension',
      `The Postgres server lacks the collation ${collation}, which sorting names needs: install a Postgres that is built with ICU, then run marquee migrate again.`,
    );
  }
  if (!mayCreate) {
    throw new Fault(
      'database_lacks_extension',
      `The role that migrates may not create the extensions ${names(extensions)}: grant it CREATE on the database, or create them as a superuser, then run marquee migrate again.`,
    );
  }
}
