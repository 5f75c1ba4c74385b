import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { useHomes } from './homes.js';
import { answer, run } from './marquee.js';

const folder = fileURLToPath(new URL('../../../shared/data/the-movies-dataset-1k', import.meta.url));
const present = existsSync(folder);
if (!present) {
  process.stderr.write(
    `\n!!! ${folder} is not there: THE REAL SAMPLE IS NOT INGESTED BY THE COMMAND LINE.\n\n`,
  );
}
vi.setConfig({ testTimeout: 240_000 });
const newHome = useHomes();

// The counts are those of Python's csv and ast.literal_eval over the same files.
it.skipIf(!present)('a thousand real films arrive with every cast and crew entry', async () => {
  const home = await newHome('migrated');
  const result = await answer(home, ['ingest', folder, '--period', '2017-08']);
  expect(result).toMatchObject({ publication: 1, published: true, period: '2017-08' });
  expect(result.warehouse).toMatchObject({
    movies: 1000,
    movie_cast_members: 12_831,
    movie_crew_members: 10_976,
  });
  const { code, stdout } = await run(home, ['export', 'genre_report']);
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1 + result.reports.genre_report);
});
