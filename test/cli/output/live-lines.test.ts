import { describe, expect, it } from 'vitest';
import { LiveLines, type Terminal } from '../../../src/cli/output/live-lines.js';
import { durationText, progressLine } from '../../../src/cli/output/progress-bar.js';

function written(terminal: Partial<Terminal>, work: (lines: LiveLines) => void): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  work(new LiveLines({ isTTY: true, columns: 40, rows: 10, getColorDepth: () => 8, write, ...terminal }));
  return text;
}

describe('live lines', () => {
  const work = (lines: LiveLines) => {
    lines.show(['one', 'two']);
    lines.keep('done');
    lines.show(['three']);
    lines.show([]);
  };

  it('are replaced on a terminal, and lines that stay are above them', () => {
    expect(written({}, work)).toBe('one\ntwo\n\u001b[2A\u001b[Jdone\nthree\n\u001b[1A\u001b[J');
  });

  it('are not written into a pipe, and only lines that stay to a terminal that prints text', () => {
    expect(written({ isTTY: false }, work)).toBe('');
    expect(written({ getColorDepth: () => 1 }, work)).toBe('done\n');
  });

  it('never wrap, never exceed the screen, and show no control characters of names', () => {
    const text = written({ columns: 10, rows: 4 }, (lines) =>
      lines.show(['x'.repeat(50), '\u001b[2J', 'third']),
    );
    expect(text).toBe(`${'x'.repeat(9)}\n\\u001b[2J\n`);
  });
});

describe('a line of progress', () => {
  it.each([
    [0, 12, '[----------]   0 %  12 s left'],
    [0.339, 0.2, '[###-------]  33 %  1 s left'],
    [0.99, 185, '[#########-]  99 %  3 min 5 s left'],
  ])('%d', (share, secondsLeft, end) => {
    const line = progressLine({ what: 'clean', name: 'movies', share, secondsLeft });
    expect(line).toMatch(/^ {2}clean {4}movies +\[/);
    expect(line.endsWith(end)).toBe(true);
  });

  it('fits a terminal of 80 columns with the longest name of a report', () => {
    const name = 'production_company_movies_report';
    const longest = progressLine({ what: 'compare', name, share: 0.5, secondsLeft: 3_599 });
    expect(longest.length).toBeLessThanOrEqual(80);
  });

  it('has hours where they matter', () => expect(durationText(7_800)).toBe('2 h 10 min'));
});
