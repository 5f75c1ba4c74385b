import type { ControlClient } from '../../queue/control/control.js';
import { badInput } from '../errors/api-error.js';
import type { RootResolvers } from '../graphql/schema.js';
import { askPipeline } from './run-resolvers.js';

/** Maximum number of events on a page. */
const MAX_EVENTS = 200;

interface AuditArguments {
  readonly filter?: {
    actor?: string | null;
    action?: string | null;
    runId?: string | null;
    createdSince?: string | null;
  } | null;
  readonly first: number;
  readonly after?: string | null;
}

/**
 * Queries of the audit, which the pipeline reads.
 * @param control undefined if no queue is configured: the field then fails with QUEUE_UNAVAILABLE
 */
export function auditQueries(control: ControlClient | undefined): RootResolvers['Query'] {
  return {
    auditEvents: async (_root, { filter, first, after }: AuditArguments, { caller }) => {
      if (first < 0 || first > MAX_EVENTS) throw badInput(`first is ${first}, expected 0 to ${MAX_EVENTS}.`);
      const before = after === null || after === undefined ? undefined : decode(after);
      const args = { ...filter, first: first + 1, before };
      const events = (await askPipeline(control, 'auditEvents', args, caller)) as { id: string }[];
      const nodes = events.slice(0, first);
      const edges = nodes.map((node) => ({ node, cursor: encode(node.id) }));
      return {
        nodes,
        edges,
        pageInfo: {
          hasNextPage: events.length > first,
          hasPreviousPage: before !== undefined && nodes.length > 0,
          startCursor: edges[0]?.cursor,
          endCursor: edges.at(-1)?.cursor,
        },
      };
    },
  };
}

function encode(id: string): string {
  return Buffer.from(`event ${id}`).toString('base64url');
}

function decode(cursor: string): string {
  const [, id] = /^event (\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (id !== undefined) return id;
  throw badInput('after is not a cursor of events. Use a cursor from a response.');
}
