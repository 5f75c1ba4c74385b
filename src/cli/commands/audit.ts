import { type AuditFault, hasAuditHead, verifyAudit } from '../../database/audit-chain.js';
import { type ListedAuditEvent, listAudit } from '../../database/audit-ledger.js';
import { findRunId } from '../../queue/ledger/find-run.js';
import { printResult } from '../output/print-result.js';
import { count, excerpt, shortId, table, timeText } from '../output/text-format.js';
import { withEnvironment } from '../runtime/command.js';

interface AuditOptions {
  readonly actor?: string;
  readonly action?: string;
  readonly run?: string;
  readonly limit: number;
  readonly json?: boolean;
}

const header = ['event', 'time', 'by', 'action', 'outcome', 'run', 'arguments'];

const faultText: Readonly<Record<AuditFault, string>> = {
  changed: 'was changed after it was recorded',
  removed: 'was removed',
  inserted: 'was inserted by hand, not recorded by the pipeline',
  chain:
    'does not follow from the event before it: something before it was changed or removed, or its seal was',
};

/** `marquee audit`: who requested or changed what, newest first. */
export async function audit({ actor, action, run, limit, json }: AuditOptions): Promise<void> {
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    const runId = run === undefined ? undefined : await findRunId(pool, run);
    const events = await listAudit(pool, { actor, action, runId, limit });
    printResult({ json }, events, events.length === 0 ? 'No events.' : table(header, events.map(cells)));
  });
}

/** `marquee audit --verify`: whether events were changed, removed or inserted. Exits with 1 when one is broken. */
export async function verify({ head, json }: { head?: string; json?: boolean }): Promise<void> {
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    const found = await verifyAudit(pool);
    const lacksHead = head !== undefined && !(await hasAuditHead(pool, head));
    const isIntact = found.brokenCount === 0 && !lacksHead;
    const lines = found.broken.flatMap(({ id, faults }) =>
      faults.map((fault) => `Event ${id} ${faultText[fault]}.`),
    );
    if (found.brokenCount > found.broken.length) {
      lines.push(`... and ${count(found.brokenCount - found.broken.length)} more broken events.`);
    }
    if (lacksHead)
      lines.push(`The chain does not contain ${head}: its newest events were removed or it was rewritten.`);
    if (isIntact) lines.push(`The audit is intact. Sealed events: ${count(found.sealed)}.`);
    if (found.unsealed > 0) lines.push(`Events not sealed yet: ${count(found.unsealed)}.`);
    if (found.head !== null)
      lines.push(`Head of the chain: ${found.head.hash} (position ${count(found.head.position)}).`);
    printResult(
      { json },
      { intact: isIntact, ...found, ...(head === undefined ? {} : { containsHead: !lacksHead }) },
      lines,
    );
    if (!isIntact) process.exitCode = 1;
  });
}

function cells(event: ListedAuditEvent): string[] {
  return [
    event.id,
    timeText(event.createdDate),
    event.actor,
    event.action,
    excerpt(event.outcome, 60),
    event.runId === null ? '' : shortId(event.runId),
    excerpt(JSON.stringify(event.arguments), 100),
  ];
}
