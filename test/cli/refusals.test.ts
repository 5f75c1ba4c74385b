import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { leftovers, run, useHomes } from './marquee.js';

const newHome = useHomes();
let home: string;

beforeAll(async () => {
  home = await newHome();
});

describe('wrong usage ends with 2 and one sentence, before anything is started', () => {
  it.each([
    ['an unknown option', ['ingest', '--nope', 'x'], "unknown option '--nope'"],
    ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
    ['a filter of rejects beside a drop', ['ingest', 'x', '--feed', 'links'], 'go with --replay-rejects'],
    [
      'a month beside rejects of all months',
      ['ingest', '--replay-rejects', '--period', '2017-08'],
      '--period and --accept-rejects go with a drop',
    ],
    [
      'a mapping where no file is read',
      ['rebuild', '--mapping', 'current'],
      '--mapping goes with --from-source or --verify',
    ],
    ['a missing folder', ['ingest'], 'expected either a drop or --replay-rejects'],
    [
      'a month that is none',
      ['ingest', 'x', '--period', '2017-13'],
      'expected a month as YYYY-MM, found 2017-13',
    ],
    [
      'a number that is none',
      ['sample', '--out', 'x', '--movies', 'many'],
      'expected a whole number above 0',
    ],
    ...[
      ['export', 'genre_report', '--publication'],
      ['rollback', '--to'],
      ['withdraw', '--reason', 'sent twice'],
    ].map((command): [string, string[], string] => [
      `a number too large for any ${command[0]}`,
      [...command, '2147483648'],
      'expected a whole number above 0 and up to 2147483647, found 2147483648',
    ]),
    [
      'a format that is not there',
      ['export', 'genre_report', '--format', 'xml'],
      'Allowed choices are csv, json',
    ],
    ['a state that is none', ['runs', '--state', 'lost'], 'Allowed choices are queued, running'],
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
    ['a reason that is none', ['rejects', '--reason', 'nope'], 'Allowed choices are field_count'],
    ['a share that is none', ['sample', '--out', 'x', '--delta', 'much'], 'expected a number from 0 to 1'],
    ['a word too many', ['publications', 'all'], 'too many arguments'],
    ['a report that is not there', ['export', 'no_report'], 'the reports are production_company_report'],
    ['a report without reasons', ['explain', 'no_report', '18'], 'There is no report no_report'],
    ['half a key', ['explain', 'genre_report', '2010'], 'a key of 2 values (year, genre_id), found 1'],
    ['a key that is none', ['trace', 'genre_report', 'x', '18'], 'year is a whole number'],
    [
      'a column that is not there',
      ['trace', 'genre_report', '2010', '18', '--column', 'x'],
      'has no column x beside its key',
    ],
    ['a feed that is none', ['rejects', '--feed', 'films'], 'the feeds are movies_metadata'],
    [
      'a size of the real films',
      ['sample', '--out', 'x', '--ratings', '5'],
      'The sample of real films has its own size',
    ],
  ])('for %s', async (_what, parameters, sentence) => {
    const ended = await run(home, parameters);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(await leftovers(home)).toEqual([]);
  });
});

describe('what cannot be done ends with 1 and one sentence', () => {
  it.each([
    ['a folder that is not there', ['ingest', '/no/such/folder'], 'cannot be read as a folder'],
    ['a folder without files of a feed', ['ingest', 'EMPTY'], 'holds no file of any feed (found nothing);'],
    [
      'a row where nothing is published',
      ['trace', 'genre_report', '2010', '18'],
      'Nothing is published yet: ingest a drop first',
    ],
    ['a way back to where nothing is', ['rollback', '--to', '1'], 'Nothing is published yet'],
    [
      'a file that cannot be written',
      ['export', 'genre_report', '--out', '/no/such/x.csv'],
      '/no/such/x.csv cannot be used: there is no such file or folder',
    ],
    ['a mapping that is a folder', ['mapping', 'diff', '/tmp'], '/tmp cannot be used: it is a folder'],
    ['a mapping that is not there', ['mapping', 'import', '/no/such.csv'], '/no/such.csv cannot be used'],
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

describe('what names nothing that there is, in the home, is wrong usage as well', () => {
  it.each([
    ['a client', ['token', '--client', 'nobody'], 'gives no token to nobody'],
    // Which one there is depends on what was run in the home before.
    ['a version of the mapping', ['mapping', 'export', '--version', '99'], 'no mapping version 99; '],
  ])('for %s', async (_what, parameters, sentence) => {
    const ended = await run(home, parameters);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(await leftovers(home)).toEqual([]);
  });

  it('for a drop whose month nothing tells', async () => {
    const out = join(home, 'nameless');
    await run(home, ['sample', '--out', out, '--movies', '5', '--ratings', '5']);
    const [month] = await readdir(out);
    await rename(join(out, month!), join(out, 'drop'));
    const ended = await run(home, ['ingest', join(out, 'drop'), '--json']);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--period YYYY-MM') });
  });
});

describe('a database that cannot be worked with is told of as such', () => {
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
    ['that lets nobody in', stranger, /^The database does not let this program in \(.*"stranger"/],
    [
      'that is not there',
      urlOf('no_such'),
      /^The database is not there \(.*"no_such" does not exist\); create/,
    ],
    [
      'that was never migrated',
      urlOf(empty),
      /^The database is not at the model .*run marquee migrate first/,
    ],
  ])('%s', async (_what, url, sentence) => {
    const ended = await run(home, ['runs'], { DATABASE_URL: url, DATABASE_PIPELINE_URL: url });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^marquee: .*\n$/);
    expect(ended.stderr.slice('marquee: '.length)).toMatch(sentence);
  });

  it('where it is that of the queues', async () => {
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

it('a wrong environment is told whole, not fault by fault', async () => {
  const wrong = { PORT: 'many', REDIS_URL: 'http://localhost', MAX_REJECT_SHARE: '2' };
  const { code, stderr } = await run(home, ['status'], wrong);
  expect(code).toBe(1);
  expect(stderr).toContain('3 invalid environment variable(s)');
  expect(stderr).toContain('PORT is "many": ');
  // Not the URL itself: it may hold a password.
  expect(stderr).toContain('REDIS_URL: expected a URL that starts with redis://');
  expect(stderr).toContain('MAX_REJECT_SHARE is "2": ');
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

it('a home that is a file is told of as such', async () => {
  expect(await run('/dev/null', ['status'])).toMatchObject({
    code: 1,
    stderr:
      'marquee: /dev/null cannot be used: there is a file where a folder was expected; give another path, or make it right.\n',
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
