import { expect, it } from 'vitest';
import { numberMarks } from '../../../src/source/receive/scan.js';
import { readBytes } from '../reading.js';

const header = 'id,name,note\n';

it.each(['1,2,3\n', '1, 2.50 ,-3\n', '"1","2",""\n', '1,2,1995-10-30\n', '1,2,cast\n', '1,٣,3\n'])(
  'a file of %j has no number but plain ones, whatever its header',
  async (record) => {
    expect((await readBytes(header + record)).scanned).toMatchObject({ plainNumbers: true });
  },
);

it.each([...numberMarks.toString()])('a file with one %s in its records may have others', async (mark) => {
  // More than the reader's window holds.
  const records = `1,2,${'3'.repeat(3000)}\n`.repeat(1000);
  const last = `${records}4,5,6${mark}\n`;
  expect((await readBytes(header + last)).scanned).toMatchObject({ plainNumbers: false });
  expect((await readBytes(`${header}1${mark},2,3\n`)).scanned).toMatchObject({ plainNumbers: false });
});
