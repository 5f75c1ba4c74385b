import { describe, expect, it } from 'vitest';
import { withoutServerPaths } from '../../../src/queue/control/server-paths.js';

describe('an answer to callers of the API', () => {
  it.each([
    [
      "ENOENT: no such file, open '/srv/marquee/inbox/2017-08/links.csv'",
      "ENOENT: no such file, open 'links.csv'",
    ],
    ['/etc/marquee/x.csv contains no record', 'x.csv contains no record'],
    [
      'see http://localhost:4000/graphql/x and a/b, 1/2/2015',
      'see http://localhost:4000/graphql/x and a/b, 1/2/2015',
    ],
    ['The day is 2/1/2015 in <b>bold</b> (found /a/b/c)', 'The day is 2/1/2015 in <b>bold</b> (found c)'],
    ['/my inbox/2017-08/links.csv has no header', 'my inbox/2017-08/links.csv has no header'],
  ])('%j becomes %j', (text, expected) => {
    expect(withoutServerPaths(text, ['/my inbox'])).toBe(expected);
  });

  it('keeps only the last part of the folder of a drop, wherever it is mentioned', () => {
    const folder = '/home/ann smith/drops/2017-08';
    expect(
      withoutServerPaths({
        payload: { folder, period: '2017-08' },
        error: `${folder}/links.csv is damaged`,
        steps: [{ error: null, counts: { records: 3 } }],
      }),
    ).toEqual({
      payload: { folder: '2017-08', period: '2017-08' },
      error: '2017-08/links.csv is damaged',
      steps: [{ error: null, counts: { records: 3 } }],
    });
  });
});
