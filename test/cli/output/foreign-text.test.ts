import { afterEach, describe, expect, it, vi } from 'vitest';
import { printList } from '../../../src/cli/output/print-list.js';
import { print, visible, warn } from '../../../src/cli/output/terminal.js';
import { table } from '../../../src/cli/output/text-format.js';

/** What the commands write, instead of on the terminal of the tests. */
function recorded(stream: NodeJS.WriteStream): string[] {
  const written: string[] = [];
  vi.spyOn(stream, 'write').mockImplementation(((chunk: unknown, ...more: unknown[]) => {
    written.push(String(chunk));
    const done = more.find((each) => typeof each === 'function') as (() => void) | undefined;
    done?.();
    return true;
  }) as never);
  return written;
}
afterEach(() => vi.restoreAllMocks());

// Sets the title of the window, colours text, and clears the screen; as in a file that a vendor might send.
const hostile = '\u001b]0;pwned\u0007\u001b[31mred\u001b[0m,x\u001b[2J';
const harmless = '\\u001b]0;pwned\\u0007\\u001b[31mred\\u001b[0m,x\\u001b[2J';

describe('foreign text', () => {
  it.each([
    [hostile, harmless],
    ['\u009b31m', '\\u009b31m'],
    ['a\rb', 'a\\u000db'],
    ['\u202egnp.exe', '\\u202egnp.exe'],
    ['plain, “quoted” and ö', 'plain, “quoted” and ö'],
  ])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown));

  it('reaches neither standard output nor standard error as it is', () => {
    const [out, err] = [recorded(process.stdout), recorded(process.stderr)];
    print(hostile);
    warn(hostile);
    expect([out, err]).toEqual([[`${harmless}\n`], [`${harmless}\n`]]);
  });

  it('keeps the columns of a table aligned, and cannot add rows to it', () => {
    expect(
      table(
        ['name', 'n'],
        [
          [hostile, '1'],
          ['a\nb', '2'],
        ],
      )
        .split('\n')
        .slice(2),
    ).toEqual([`${harmless}  1`, `${'a\\u000ab'.padEnd(harmless.length)}  2`]);
  });
});

describe('a list as CSV', () => {
  it('guards against formulas, and tells null from empty text', async () => {
    const values = [
      '=HYPERLINK("http://x")',
      '+1+1',
      '@SUM(A1)',
      '-30-',
      '\tx',
      '-5',
      '1.5',
      'plain',
      '',
      null,
    ];
    const written = recorded(process.stdout);
    await printList(
      {
        none: '',
        csvColumns: ['id', 'raw'],
        header: [],
        cells: () => [],
        readPage: async () => values.map((raw, index) => ({ id: String(index), raw })),
      },
      { csv: true },
    );
    expect(written.join('')).toBe(
      [
        'id,raw',
        `0,"'=HYPERLINK(""http://x"")"`,
        `1,"'+1+1"`,
        `2,"'@SUM(A1)"`,
        `3,"'-30-"`,
        `4,"'\tx"`,
        '5,-5',
        '6,1.5',
        '7,plain',
        '8,""',
        '9,',
        '',
      ].join('\n'),
    );
  });
});
