import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bannedPhrases, phrasesIn, titlesOf } from './language-rules.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Folders and files whose text is still being rewritten. Remove an entry once its text is plain; the test then
 * holds it to the rules. For `test/...` only the titles of tests are read.
 */
const notYet = ['test/cli/', 'test/reporting/'];

const everyText = [
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  '.env.example',
  'compose.yaml',
  'Dockerfile',
  'schema.graphql',
  'docs',
  'prisma',
  'src',
  'jobs',
  'bin',
  'bench',
  'test',
];

const generated = /^src\/database\/client\/|schema-(types|enums)\.ts$/;

function filesUnder(path: string): string[] {
  if (!statSync(`${root}${path}`).isDirectory()) return [path];
  return readdirSync(`${root}${path}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|sql|md|prisma)$/.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length))
    .filter((file) => !generated.test(file) && (!file.startsWith('test/') || file.endsWith('.test.ts')));
}

const files = everyText.flatMap(filesUnder);

describe('everything people read', () => {
  it('uses none of the banned phrases', () => {
    const held = files.filter((file) => !notYet.some((exempt) => file.startsWith(exempt)));
    const found = held.flatMap((file) => {
      const text = readFileSync(`${root}${file}`, 'utf8');
      return phrasesIn(file.startsWith('test/') ? titlesOf(text) : text).map((phrase) => `${file}:${phrase}`);
    });
    expect(found).toEqual([]);
  });

  it('exempts only what exists', () => {
    expect(notYet.filter((exempt) => !files.some((file) => file.startsWith(exempt)))).toEqual([]);
  });
});

describe('the search for banned phrases', () => {
  it.each(bannedPhrases.flatMap(({ finds, words }) => finds.map((text) => ({ text, words }))))(
    'finds $words in "$text"',
    ({ text }) => expect(phrasesIn(text)).not.toEqual([]),
  );

  it.each(bannedPhrases.flatMap(({ leaves, words }) => leaves.map((text) => ({ text, words }))))(
    'leaves "$text" alone',
    ({ text }) => expect(phrasesIn(text)).toEqual([]),
  );

  it('finds a phrase broken over two lines of a comment, in any case', () => {
    expect(phrasesIn('/**\n * Newest first UNLESS\n * told.\n */')).toEqual([
      '2: "UNLESS * told" -> by default',
    ]);
    expect(phrasesIn('a\n-- build it once\n-- more')).toHaveLength(1);
  });

  it('reads the titles of tests only, each with its line', () => {
    const test =
      "const beside = 1;\ndescribe('a', () => {\n  it.each([1])('reads it once more', f);\n  it('b', f);\n});";
    expect(phrasesIn(titlesOf(test))).toEqual(['3: "once more" -> again']);
  });
});
