import type { startRetiring } from '../../../jobs/retire.js';
import { Fault } from '../../fault.js';
import { parseRowKey } from '../../warehouse/corrections/retirement.js';
import { currentMapping } from '../../warehouse/mapping/mapping-ledger.js';
import { printResult } from '../output/print-result.js';
import { runToSuccess } from '../runs/follow.js';

export interface RetireOptions {
  readonly reason: string;
  readonly json?: boolean;
}

/** `marquee retire`: removes rows from the live warehouse until they are restored or the vendor sends them again. */
export async function retire(table: string, keys: string[], options: RetireOptions): Promise<void> {
  const { startRetiring: start } = await import('../../../jobs/retire.js');
  await runOnRows({ action: 'retireLink', done: 'Retired', start }, table, keys, options);
}

/** Runs a correction of rows of a warehouse table until it is published, and prints the result. */
export async function runOnRows(
  { action, done, start }: { action: string; done: string; start: typeof startRetiring },
  table: string,
  keys: string[],
  options: RetireOptions,
): Promise<void> {
  let rowKeys: ReturnType<typeof parseRowKey>[] = [];
  await runToSuccess(
    { action, arguments: { table, keys, reason: options.reason } },
    async (runs, request, environment) => {
      const mapping = await currentMapping(environment.pool('pipeline'));
      if (mapping === null) {
        throw new Fault(
          'table_not_mapped',
          'The warehouse is empty and has no mapping yet. Load a drop first.',
        );
      }
      rowKeys = keys.map((key) => parseRowKey(mapping, table, key));
      const { requestedBy: actor } = request;
      return start(runs, { table, keys: rowKeys, reason: options.reason, actor }, request);
    },
    ({ id, publication, counts }) =>
      printResult(
        options,
        { table, keys: rowKeys, publication, run: id },
        `${done} ${counts.rows} of ${table}; publication ${publication}.`,
      ),
  );
}
