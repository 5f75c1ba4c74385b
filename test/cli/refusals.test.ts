import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { useHomes } from './homes.js';
import { leftovers, run } from './marquee.js';

const newHome = useHomes();
let home: string;

beforeAll(async () => {
  home = await newHome('migrated');
});

describe('wrong usage exits with 2 and one sentence, before anything is started', () => {
  it.each([
    ['an unknown option', ['ingest', '--nope', 'x'], "unknown option '--nope'"],
    ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
    ['a filter of rejects with a drop', ['ingest', 'x', '--feed', 'links'], 'need --replay-rejects'],
    [
      'a month with rejects of all months',
      ['ingest', '--replay-rejects', '--period', '2017-08'],
      '--period, --as, --ignore and --accept-rejects need a drop',
    ],
    [
      'a mapping where no file is read',
      ['rebuild', '--mapping', 'current'],
      '--mapping needs --from-source or --verify',
    ],
    ['a missing folder', ['ingest'], 'expected either a drop or --replay-rejects'],
    [
      'an invalid month',
      ['ingest', 'x', '--period', '2017-13'],
      'expected a month as YYYY-MM, found 2017-13',
    ],
    ['an invalid number', ['sample', '--out', 'x', '--movies', 'many'], 'expected a whole number above 0'],
    ...[
      ['export', 'genre_report', '--publication'],
      ['rollback', '--to'],
      ['withdraw', '--reason', 'sent twice'],
    ].map((command): [string, string[], string] => [
      `a number too large for any ${command[0]}`,
      [...command, '2147483648'],
      'expected a whole number above 0 and up to 2147483647, found 2147483648',
    ]),
    ['an unknown format', ['export', 'genre_report', '--format', 'xml'], 'Allowed choices are csv, json'],
    ['an unknown state', ['runs', '--state', 'lost'], 'Allowed choices are queued, running'],
    ['a blank reason', ['withdraw', '1', '--reason', ' '], 'expected a reason in words'],
    [
      'a reason of a page',
      ['retire', 'movies', '1', '--reason', 'x'.repeat(1001)],
      `argument '${'x'.repeat(80)}…' is invalid. expected at most 1000 characters, found 1001.`,
    ],
    [
      'a note of a page',
      ['mapping', 'import', 'x.csv', '--note', 'x'.repeat(1001)],
      'expected at most 1000 characters, found 1001.',
    ],
    ['no note', ['mapping', 'import', 'x.csv'], "required option '--note <text>' not specified"],
    ['an unknown reason', ['rejects', '--reason', 'nope'], 'Allowed choices are field_count'],
    ['an invalid share', ['sample', '--out', 'x', '--delta', 'much'], 'expected a number from 0 to 1'],
    ['a word too many', ['publications', 'all'], 'too many arguments'],
    ['an unknown report', ['export', 'no_report'], 'the reports are production_company_report'],
    ['an unknown report to explain', ['explain', 'no_report', '18'], 'There is no report no_report'],
    ['half a key', ['explain', 'genre_report', '2010'], 'a key of 2 values (year, genre_id), found 1'],
    ['an invalid key', ['trace', 'genre_report', '2010', '18', '9'], 'found 3'],
    [
      'an unknown column',
      ['trace', 'genre_report', '2010', '18', '--column', 'x'],
      'has no column x outside its key',
    ],
    ['an unknown feed', ['rejects', '--feed', 'films'], 'The feeds are movies_metadata'],
    [
      'a size of the real films',
      ['sample', '--out', 'x', '--ratings', '5'],
      'The sample of real films has a fixed size',
    ],
  ])('for %s', async (_what, parameters, sentence) => {
    const ended = await run(home, parameters);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(await leftovers(home)).toEqual([]);
  });
});

describe('a command that cannot be done exits with 1 and one sentence', () => {
  it.each([
    ['a missing folder', ['ingest', '/no/such/folder'], 'cannot be read as a folder'],
    [
      'a folder without files of a feed',
      ['ingest', 'EMPTY'],
      'contains no file of any feed (found nothing);',
    ],
    [
      'a row before the first publication',
      ['trace', 'genre_report', '2010', '18'],
      'Nothing is published yet: ingest a drop first',
    ],
    ['a rollback before the first publication', ['rollback', '--to', '1'], 'Nothing is published yet'],
    [
      'an unwritable file',
      ['export', 'genre_report', '--out', '/no/such/x.csv'],
      'Cannot use /no/such/x.csv: the file or folder does not exist',
    ],
    ['a mapping that is a folder', ['mapping', 'diff', '/tmp'], 'Cannot use /tmp: it is a folder'],
    [
      'a missing mapping file',
      ['mapping', 'import', '/no/such.csv', '--note', 'x'],
      'Cannot use /no/such.csv',
    ],
  ])('for %s', async (_what, parameters, sentence) => {
    const empty = join(home, 'empty');
    await mkdir(empty, { recursive: true });
    const ended = await run(
      home,
      parameters.map((word) => (word === 'EMPTY' ? empty : word)),
    );
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(await leftovers(home)).toEqual([]);
  });
});

describe('a name that is unknown in the home is wrong usage, too', () => {
  it.each([
    ['a client', ['token', '--client', 'nobody'], 'has no token for nobody'],
    // The newest version depends on the commands that ran in the home before.
    ['a version of the mapping', ['mapping', 'export', '--version', '99'], 'no mapping version 99; '],
  ])('for %s', async (_what, parameters, sentence) => {
    const ended = await run(home, parameters);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(await leftovers(home)).toEqual([]);
  });

  it('for a drop without a month in its name', async () => {
    const out = join(home, 'nameless');
    await run(home, ['sample', '--out', out, '--movies', '5', '--ratings', '5']);
    const [month] = await readdir(out);
    await rename(join(out, month!), join(out, 'drop'));
    const ended = await run(home, ['ingest', join(out, 'drop'), '--json']);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--period YYYY-MM') });
  });
});

describe('a database that cannot be used is reported in one sentence', () => {
  const given = new URL(inject('superuserUrl'));
  const urlOf = (name: string) => Object.assign(new URL(given), { pathname: name }).href;
  const stranger = Object.assign(new URL(given), { username: 'stranger', password: 'x' }).href;
  const empty = `empty_${process.pid}`;
  const statement = async (sql: string) => {
    const client = new Client({ connectionString: given.href });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  beforeAll(() => statement(`create database ${empty}`));
  afterAll(() => statement(`drop database ${empty} with (force)`));

  it.each([
    [
      'that does not answer',
      'postgresql://x@127.0.0.1:1/x',
      /^The database does not answer \(.*ECONNREFUSED/,
    ],
    ['that rejects the login', stranger, /^The database rejected the login \(.*"stranger"/],
    [
      'that does not exist',
      urlOf('no_such'),
      /^The database does not exist \(.*"no_such" does not exist\)\. Create/,
    ],
    [
      'that was never migrated',
      urlOf(empty),
      /^The database does not have the schema .*Run marquee migrate first/,
    ],
  ])('%s', async (_what, url, sentence) => {
    const ended = await run(home, ['runs'], { DATABASE_URL: url, DATABASE_PIPELINE_URL: url });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^marquee: .*\n$/);
    expect(ended.stderr.slice('marquee: '.length)).toMatch(sentence);
  });

  it('the database of the queues', async () => {
    const url = urlOf(empty);
    const ended = await run(home, ['cancel', randomUUID()], {
      DATABASE_URL: url,
      DATABASE_PIPELINE_URL: url,
      DATABASE_QUEUE_URL: urlOf('no_such'),
    });
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/run marquee migrate, which creates it/),
    });
  });
});

it('all wrong settings are reported at once, as wrong usage', async () => {
  const wrong = { PORT: 'many', REDIS_URL: 'http://localhost', MAX_REJECT_SHARE: '2' };
  const { code, stderr } = await run(home, ['status'], wrong);
  expect(code).toBe(2);
  expect(stderr).toContain('3 invalid environment variable(s)');
  expect(stderr).toContain('PORT is "many": ');
  // Not the URL itself: it may hold a password.
  expect(stderr).toContain('REDIS_URL: expected a URL that starts with redis://');
  expect(stderr).toContain('MAX_REJECT_SHARE is "2": ');
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

it('a home that is a file is reported', async () => {
  expect(await run('/dev/null', ['status'])).toMatchObject({
    code: 1,
    stderr:
      'marquee: Cannot use /dev/null: a file is in the place of a folder. Give another path, or correct it.\n',
  });
});

it('--help names every command and each command explains itself', async () => {
  const { code, stdout } = await run(home, ['--help']);
  expect(code).toBe(0);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)( \[options\])? .*$/gm)].map((match) => match[1]!);
  expect(commands).toEqual(
    expect.arrayContaining(['up', 'ingest', 'export', 'status', 'sample', 'token', 'migrate']),
  );
  for (const command of commands.filter((name) => name !== 'help')) {
    expect(await run(home, [command, '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Usage: marquee ${command}`),
      stderr: '',
    });
  }
});
