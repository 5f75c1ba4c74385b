import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { settingNames } from '../src/configuration.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const readme = read('README.md');

it('the README lists exactly the existing commands', () => {
  const help = execFileSync(process.execPath, [`${root}bin/marquee.mjs`, '--help'], { encoding: 'utf8' });
  const known = [...help.matchAll(/^ {2}([a-z]+)(?: \[options\])?(?: [<[][^ ]+)* {2,}\S/gm)].map(
    (match) => match[1]!,
  );
  const named = new Set([...readme.matchAll(/(?:npx |`)marquee ([a-z]+)/g)].map((match) => match[1]!));
  expect([...named].filter((name) => !known.includes(name))).toEqual([]);
  const table = readme.slice(readme.indexOf('## Commands'), readme.indexOf('## Settings'));
  const described = new Set([...table.matchAll(/\bmarquee ([a-z]+)/g)].map((match) => match[1]!));
  expect(known.filter((name) => name !== 'help' && !described.has(name))).toEqual([]);
});

it.each(['README.md', 'ARCHITECTURE.md', 'docs/security.md'])('%s refers only to existing files', (page) => {
  const text = read(page);
  const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => join(dirname(page), match[1]!));
  const paths = [...text.matchAll(/`((?:src|jobs|test|prisma|bin|docs|bench)\/[\w./-]*\w)`/g)].map(
    (match) => match[1]!,
  );
  expect([...links, ...paths].filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
  expect(links.length + paths.length).toBeGreaterThan(3);
});

it('the README refers only to existing npm scripts', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = [...readme.matchAll(/\bnpm run ([\w:]+)|`(bench:\w+)`/g)].map(
    (match) => match[1] ?? match[2]!,
  );
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

it('compose.yaml sets only variables that Marquee reads, and uses exactly those of .env.example', () => {
  const compose = read('compose.yaml');
  const own = compose.slice(compose.indexOf('\n  migrate:'));
  const set = [...own.matchAll(/^ {6}([A-Z_]+): /gm)].map((match) => match[1]!);
  expect(set.filter((name) => !settingNames.includes(name))).toEqual([]);
  expect(set).toContain('DATABASE_READER_URL');
  const used = [...compose.matchAll(/\$\{([A-Z_]+)(:\?)?/g)].map(([, name, required]) => ({
    name,
    required,
  }));
  const listed = [...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1]!);
  expect(used.filter(({ name, required }) => required && !listed.includes(name!))).toEqual([]);
  expect(listed.filter((listedName) => !used.some(({ name }) => name === listedName))).toEqual([]);
});
