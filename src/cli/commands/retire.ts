import type { startRetiring } from '../../../jobs/retire.js';
import { Fault } from '../../fault.js';
import { parseRowKey } from '../../warehouse/corrections/retirement.js';
import { currentMapping } from '../../warehouse/mapping/mapping-ledger.js';
import { print } from '../output/terminal.js';
import { followToSuccess } from '../runs/follow.js';
import { commandUser, withEnvironment } from '../runtime/command.js';
import { usePipeline } from '../runtime/services.js';

export interface RetireOptions {
  readonly reason: string;
  readonly json?: boolean;
}

/** `marquee retire`: rows stop being live, until they are restored or the vendor names them again. */
export async function retire(table: string, keys: string[], options: RetireOptions): Promise<void> {
  const { startRetiring: start } = await import('../../../jobs/retire.js');
  await runOnRows(start, 'Retired', table, keys, options);
}

/** Starts a run on rows of a warehouse table, follows it to its publication and tells what came of it. */
export async function runOnRows(
  start: typeof startRetiring,
  done: string,
  table: string,
  keys: string[],
  options: RetireOptions,
): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pipeline = await usePipeline(environment, log);
    try {
      const mapping = await currentMapping(environment.pool('pipeline'));
      if (mapping === null) {
        throw new Fault(
          'table_not_mapped',
          'The warehouse is empty and has no mapping yet; load a drop first.',
        );
      }
      const rowKeys = keys.map((key) => parseRowKey(mapping, table, key));
      const actor = commandUser();
      const { run } = await start(
        pipeline.runs,
        { table, keys: rowKeys, reason: options.reason, actor },
        { requestedBy: actor },
      );
      const ended = await followToSuccess(pipeline.runs, run.id);
      print(
        options.json
          ? JSON.stringify({ table, keys: rowKeys, publication: ended.publication, run: run.id })
          : `${done} ${ended.counts.rows} of ${table}; publication ${ended.publication}.`,
      );
    } finally {
      await pipeline.close();
    }
  });
}
