/**
 * Measures how fast nested literals are read on one core. For comparison, it measures `JSON.parse` with the same values in
 * the same run. The input is generated from a fixed seed with the proportions of real casts and crews, so no data is needed.
 *
 * `npm run bench:literal [-- --json] [-- --megabytes N]`: MB are 10^6 bytes of literal text. Each figure is the best of
 * several passes, because disturbances only make a pass slower.
 */
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { EntryReader } from '../src/warehouse/literal/entries.js';
import { EntryExpander } from '../src/warehouse/literal/expand.js';
import { parseLiteral } from '../src/warehouse/literal/parse.js';
import { makeCredits } from './literal-credits.js';

const CAST_FIELDS = ['credit_id', 'id', 'name', 'cast_id', 'character', 'order', 'profile_path', 'gender'];
const CREW_FIELDS = ['credit_id', 'id', 'name', 'department', 'job', 'profile_path', 'gender'];
const PASSES = 7;

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, megabytes: { type: 'string', default: '20' } },
});

const credits = makeCredits(Number(options.megabytes) * 1e6);
const literals = credits.flatMap(({ cast, crew }) => [cast.literal, crew.literal]);
const jsons = credits.flatMap(({ cast, crew }) => [cast.json, crew.json]);
const literalBytes = literals.reduce((sum, literal) => sum + Buffer.byteLength(literal), 0);
const jsonBytes = jsons.reduce((sum, json) => sum + Buffer.byteLength(json), 0);
const copyText = Buffer.from(
  credits
    .map(({ cast, crew }, n) => `${n + 1}\t${copyField(cast.literal)}\t${copyField(crew.literal)}\n`)
    .join(''),
);
const terminated = credits.map(({ cast, crew }) => ({
  cast: Buffer.from(`${cast.literal}\0`),
  crew: Buffer.from(`${crew.literal}\0`),
}));

let entries = 0;
const figures = {
  literal_megabytes: round(literalBytes / 1e6),
  entries: 0,
  json_parse_mb_s: await best(jsonBytes, () => {
    for (const json of jsons) JSON.parse(json);
  }),
  parse_mb_s: await best(literalBytes, () => {
    for (const literal of literals) if (!parseLiteral(literal).ok) throw new Error('a literal is rejected');
  }),
  find_fields_mb_s: await best(literalBytes, () => {
    const cast = new EntryReader(CAST_FIELDS);
    const crew = new EntryReader(CREW_FIELDS);
    for (const record of terminated) {
      cast.read(record.cast, 0, record.cast.length - 1);
      crew.read(record.crew, 0, record.crew.length - 1);
    }
  }),
  flatten_mb_s: await best(literalBytes, flatten),
  rss_megabytes: round(process.memoryUsage().rss / 1e6),
};
figures.entries = entries;

if (options.json) {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} else {
  process.stdout.write(
    [
      `${figures.literal_megabytes} MB of cast and crew literals, ${entries} entries, best of ${PASSES} passes`,
      `JSON.parse, the same values   ${figures.json_parse_mb_s} MB/s of JSON`,
      `parseLiteral                  ${figures.parse_mb_s} MB/s`,
      `finding the wanted fields     ${figures.find_fields_mb_s} MB/s`,
      `flatten, COPY text to rows    ${figures.flatten_mb_s} MB/s`,
      `resident                      ${figures.rss_megabytes} MB, input included`,
      '',
    ].join('\n'),
  );
}

/** The whole path in the warehouse: chunks as read from one connection, rows as written to two others. */
async function flatten(): Promise<void> {
  const sink = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const expander = new EntryExpander({
    columns: [
      { name: 'cast', fields: CAST_FIELDS, output: sink() },
      { name: 'crew', fields: CREW_FIELDS, output: sink() },
    ],
    onMalformed: ({ message }) => {
      throw new Error(message);
    },
  });
  const finished = new Promise((resolve, reject) => expander.on('finish', resolve).on('error', reject));
  for (let at = 0; at < copyText.length; at += 65536) {
    if (!expander.write(copyText.subarray(at, at + 65536))) {
      await new Promise((resolve) => expander.once('drain', resolve));
    }
  }
  expander.end();
  await finished;
  entries = expander.counts.reduce((sum, count) => sum + count.entries, 0);
}

async function best(bytes: number, pass: () => void | Promise<void>): Promise<number> {
  let seconds = Number.POSITIVE_INFINITY;
  for (let n = 0; n < PASSES; n++) {
    const began = process.hrtime.bigint();
    await pass();
    seconds = Math.min(seconds, Number(process.hrtime.bigint() - began) / 1e9);
  }
  return round(bytes / 1e6 / seconds);
}

function copyField(text: string): string {
  return text.replaceAll('\\', '\\\\');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
