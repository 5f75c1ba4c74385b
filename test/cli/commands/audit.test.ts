import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useEmbeddedPostgres } from '../../../src/database/embedded/embedded-postgres.js';
import { useHomes } from '../homes.js';
import { answer, leftovers, run } from '../marquee.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const newHome = useHomes();
let home: string;
beforeAll(async () => {
  home = await newHome('first month');
});

describe('marquee mapping', () => {
  it('imports a version only with a note, then lists and compares the versions', async () => {
    const file = join(home, 'mapping.csv');
    await run(home, ['mapping', 'export', '--out', file]);
    await writeFile(file, (await readFile(file, 'utf8')).replace('Title in English', 'English title'));

    for (const parameters of [[], ['--note', ' ']]) {
      expect(await run(home, ['mapping', 'import', file, ...parameters])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/'--note <text>' (not specified|argument ' ' is invalid)/),
      });
    }
    const note = 'the vendor asked for it';
    expect(await answer(home, ['mapping', 'import', file, '--note', note])).toEqual({
      version: 2,
      installed: true,
    });

    const versions = await answer(home, ['mapping', 'log']);
    expect(versions).toMatchObject([
      { version: 2, author: expect.stringMatching(/^cli:/), note },
      { version: 1, author: 'marquee', note: 'Initial mapping of movies' },
    ]);
    expect(await run(home, ['mapping', 'diff', '1', '2'])).toMatchObject({
      code: 1,
      stdout: 'changed movies.title\n  description: Title in English -> English title\n',
    });
    expect(await run(home, ['mapping', 'diff', file, '2'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected the number of a version from marquee mapping log'),
    });
  });
});

describe('marquee audit', () => {
  it('lists what commands requested and what was refused, newest first', async () => {
    expect((await run(home, ['withdraw', '99', '--reason', 'sent twice'])).code).toBe(2);
    await answer(home, ['rebuild']);
    const events = await answer(home, ['audit', '--limit', '100']);
    const requested = events.filter(({ actor }: { actor: string }) => actor.startsWith('cli:'));
    expect(requested).toMatchObject([
      { action: 'rebuildReports', outcome: 'accepted', runId: expect.any(String) },
      {
        action: 'withdrawFile',
        arguments: { file: 99, reason: 'sent twice' },
        outcome: expect.stringMatching(/^refused: file_unknown: /),
        runId: null,
      },
      {
        action: 'importMapping',
        arguments: { version: 2, note: 'the vendor asked for it' },
        outcome: 'done',
      },
      { action: 'ingestDrop', arguments: { folder: expect.any(String) }, outcome: 'accepted' },
    ]);
    const [rebuilt] = requested;
    expect(await answer(home, ['audit', '--action', 'rebuildReports', '--run', rebuilt.runId])).toEqual([
      { ...rebuilt, sealed: expect.any(Boolean) },
    ]);
  });

  it('verifies that nothing was changed, and exits with 1 once something was', async () => {
    const intact = await answer(home, ['audit', '--verify']);
    expect(intact).toMatchObject({ intact: true, unsealed: 0, brokenCount: 0, sealed: intact.events });

    const postgres = await useEmbeddedPostgres(home, 'disposable');
    const owner = new pg.Client(postgres.urls.owner);
    await owner.connect();
    const { rows } = await owner.query(
      `update support.audit_event set actor = 'somebody' where action = 'importMapping' and arguments ->> 'version' = '2' returning id`,
    );
    await owner.query("delete from support.audit_event where action = 'withdrawFile'");
    await owner.end();
    await postgres.release();

    const { code, stdout } = await run(home, ['audit', '--verify', '--head', '0'.repeat(64)]);
    expect(code).toBe(1);
    expect(stdout).toContain(`Event ${rows[0].id} was changed after it was recorded.\n`);
    expect(stdout).toMatch(/Event \d+ was removed\.\nThe chain does not contain 0{64}/);
    expect(await leftovers(home)).toEqual([]);
  });
});
