import { type RetireOptions, runOnRows } from './retire.js';

/** `marquee restore`: takes retirements back, as if they had never been. */
export async function restore(table: string, keys: string[], options: RetireOptions): Promise<void> {
  const { startRestoring } = await import('../../../jobs/retire.js');
  await runOnRows(startRestoring, 'Restored', table, keys, options);
}
