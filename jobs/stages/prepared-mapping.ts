import type { FlowContext } from '../../src/queue/backend/flow.js';
import { currentMapping, mappingOfVersion } from '../../src/warehouse/mapping/mapping-ledger.js';
import type { Services } from '../services.js';

type Context = Pick<FlowContext<unknown, Services>, 'services' | 'results'>;

/** The newest mapping. Every database that has loaded a file has one. */
export async function newestMapping({ services }: Pick<Context, 'services'>) {
  return (await currentMapping(services.pool))!;
}

/** The mapping for which the tables of the rebuild were created; the current mapping may have changed since. */
export async function preparedMapping({ services, results }: Context) {
  const version = Number(results.get('prepare')!.get('tables')!.mappingVersion);
  return mappingOfVersion(services.pool, version);
}
