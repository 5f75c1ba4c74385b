import { lstat, open, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { Fault, messageOf } from '../../fault.js';
import type { Delivery } from './drop.js';

/**
 * Refuses anything but a readable file of the drop.
 *
 * @throws Fault file_unreadable, file_outside_drop (a link that leads out of the drop's folder), file_not_a_file, file_empty
 */
export async function checkDelivery(delivery: Delivery): Promise<void> {
  const { path, name } = delivery;
  const link = await orUnreadable(name, () => lstat(path));
  if (link.isSymbolicLink()) {
    const target = await orUnreadable(name, () => realpath(path));
    const folder = await realpath(delivery.folder);
    if (!target.startsWith(folder + sep)) {
      throw new Fault(
        'file_outside_drop',
        `${name} is a link that leads out of the drop, to ${target}. Put the file itself into the drop.`,
      );
    }
  }
  const found = await orUnreadable(name, () => stat(path));
  if (!found.isFile()) {
    const what = found.isDirectory() ? 'a folder' : 'not a regular file';
    throw new Fault('file_not_a_file', `${name} is ${what}, expected a file of feed ${delivery.feed.name}.`);
  }
  if (found.size === 0) {
    throw new Fault(
      'file_empty',
      `${name} is empty, expected a header and records. Ask the vendor for the file again.`,
    );
  }
  // Only opening the file shows whether it can be read, whatever decides it on this file system.
  await orUnreadable(name, async () => (await open(path)).close());
}

async function orUnreadable<T>(name: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    throw new Fault(
      'file_unreadable',
      `${name} cannot be read (${messageOf(error)}). Check that it exists, and its permissions.`,
      {
        cause: error,
      },
    );
  }
}
