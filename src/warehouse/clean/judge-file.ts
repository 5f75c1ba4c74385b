import type { Pool } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { holdOrAccept, type LiteralLimit } from '../extract/malformed-literals.js';
import { findRecords, readSourceFiles } from '../extract/source-file.js';
import type { Mapping } from '../mapping/table-plan.js';
import { findUnusableColumns } from './unusable-values.js';

/**
 * Judges the values of a loaded file's plain columns under a mapping other than the one it was loaded under: a field may have
 * another type or another range there. Changes nothing in the warehouse.
 * @throws Fault `load_held` when too many values of a column cannot be used and nobody accepts it
 */
export async function judgeFile(
  pool: Pool,
  { mapping, fileId, limit }: { mapping: Mapping; fileId: number; limit: LiteralLimit },
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const [file] = await readSourceFiles(client, [fileId]);
    const { name, sourceTable, header, loadedCount } = file!;
    const relation = await findRecords(client, file!);
    const isSelect = relation.startsWith('(');
    const columns = await findUnusableColumns(
      client,
      mapping,
      {
        fileId,
        name,
        sourceTable,
        header,
        count: loadedCount,
        tables: [isSelect ? `${relation} records` : relation],
        isWhole: isSelect,
      },
      limit.share,
    );
    await holdOrAccept(client, { mapping, file: file!, limit }, columns);
  });
}
