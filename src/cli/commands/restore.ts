import { type RetireOptions, runOnRows } from './retire.js';

/** `marquee restore`: undoes retirements. */
export async function restore(table: string, keys: string[], options: RetireOptions): Promise<void> {
  const { startRestoring } = await import('../../../jobs/retire.js');
  await runOnRows({ action: 'restoreLink', done: 'Restored', start: startRestoring }, table, keys, options);
}
