import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { Fault } from '../../fault.js';

const lowest = '00000000-0000-0000-0000-000000000000';

/**
 * The id of the run whose id begins with the given characters.
 *
 * @throws Fault `run_unknown` when no run or more than one matches
 */
export async function findRunId(database: Queryable, beginning: string): Promise<string> {
  // A whole id needs no search. The statement that uses it reports an unknown one.
  if (beginning.length === lowest.length) return beginning;
  const rows = await ledger(database);
  const rest = lowest.slice(beginning.length);
  // A UUID column has no prefix search, but its order is that of the text.
  const found = await rows.run.findMany({
    where: { id: { gte: beginning + rest, lte: beginning + rest.replaceAll('0', 'f') } },
    select: { id: true },
    take: 2,
  });
  if (found.length === 1) return found[0]!.id;
  throw new Fault(
    'run_unknown',
    found.length === 0
      ? `There is no run ${beginning}. List the runs with marquee runs.`
      : `More than one run's id begins with ${beginning}. Give more characters of the id.`,
  );
}
