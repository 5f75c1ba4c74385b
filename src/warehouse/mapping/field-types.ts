/**
 * A type that a warehouse field may have, with two ways to cast a text to it.
 *
 * Postgres before 16 cannot test whether a cast would succeed, so the guarded cast checks the text first and gives null when
 * it does not fit. The bare cast is for bulk loads: a few cheap comparisons and the cast itself, several times faster, but one
 * bad value ends the statement. Both give the same value for every text that the bare cast accepts.
 */
export interface FieldType {
  /** As Postgres's `format_type` calls it. */
  readonly catalogName: string;
  /** An expression that gives the value of `text` (a column reference), or null when the text does not fit. */
  guarded(text: string): string;
  /** A cast of the text as sent that fails for every text that the guarded cast refuses. */
  bare?(text: string): string;
  /** The same for a text without any of `numberMarks`; missing when `bare` is just as cheap. */
  plain?(text: string): string;
  /** Whether spaces around the text are part of the value. */
  readonly keepsBlanks: boolean;
}

const integerBetween = (type: string, digits: number, least: string, most: string) => (text: string) =>
  `case when ${text} ~ '^[+-]?[0-9]{1,${digits}}$' then ${text}::${type}` +
  // The vendor's tools write whole numbers as 81.0 where a column has gaps.
  ` when ${text} ~ '^[+-]?[0-9]{1,40}([.]0*)?$' then` +
  ` case when ${text}::numeric between ${least} and ${most} then ${text}::numeric::${type} end` +
  // R writes 100000 as 1e+05.
  ` when ${text} ~ '^[+-]?[0-9]{1,40}([.][0-9]{0,40})?[eE][+-]?[0-9]{1,2}$' then` +
  ` case when ${text}::numeric between ${least} and ${most} and ${text}::numeric = trunc(${text}::numeric)` +
  ` then ${text}::numeric::${type} end end`;

const zone = '(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])';

/** A day; tools that keep days as times write it with midnight, which is midnight of that day in whatever zone is written. */
const calendarDay = (text: string) =>
  `case when ${text} ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]00:00(:00([.]0{1,9})?)?( ?(UTC|${zone}))?)?$'` +
  ` and left(${text}, 4) <> '0000' then` +
  ` case when substr(${text}, 9, 2)::integer <= extract(day from make_date(left(${text}, 4)::integer,` +
  ` substr(${text}, 6, 2)::integer, 1) + interval '1 month - 1 day') then left(${text}, 10)::date end end`;

const clock = '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?';

const moment = (text: string) =>
  `case when ${text} ~ '^${clock}${zone}$'` +
  ` then case when (${calendarDay(`left(${text}, 10)`)}) is not null then ${text}::timestamptz end end`;

/** The same for a text without a zone, which is in UTC. */
const momentInUtc = (text: string) =>
  `case when ${text} ~ '^${clock}$'` +
  ` then case when (${calendarDay(`left(${text}, 10)`)}) is not null then (${text} || 'Z')::timestamptz end end`;

/** The text when a condition holds, null when it is empty, otherwise a text that no cast accepts. */
const onlyWhere = (fits: string, text: string) =>
  `case when ${fits} then ${text} when ${text} is null or ${text} = '' then null else 'not plain' end`;

/**
 * Whether a text that the cast to a number accepts consists of plain digits: since Postgres 16 the cast also accepts 0x1F and
 * 1_000. Three byte comparisons and a LIKE cost a third of a regular expression or of `translate` (2.6 million records with
 * three such columns: 1.1 s; without any test 0.9 s; with `translate` 1.9 s; with regular expressions 2.9 s).
 */
const isPlain = (text: string) => {
  const bytes = `${text} collate "C"`;
  return (
    `(${bytes} >= '1' or (${bytes} >= '0' and ${bytes} < '0A') or (${bytes} >= '-1' and ${bytes} < '-:'))` +
    ` and ${text} not like '%\\_%'`
  );
};

/** Whether a text is no longer than the guarded cast accepts for a whole number, including leading zeros. */
const isShort = (text: string) => `octet_length(${text}) between 1 and 40`;

export const fieldTypes: Readonly<Record<string, FieldType>> = {
  text: {
    catalogName: 'text',
    keepsBlanks: true,
    guarded: (text) => text,
    bare: (text) => `nullif(${text}, '')`,
  },
  integer: {
    catalogName: 'integer',
    keepsBlanks: false,
    guarded: integerBetween('integer', 9, '-2147483648', '2147483647'),
    bare: (text) => `${onlyWhere(`${isPlain(text)} and ${isShort(text)}`, text)}::integer`,
    plain: (text) => `${onlyWhere(isShort(text), text)}::integer`,
  },
  bigint: {
    catalogName: 'bigint',
    keepsBlanks: false,
    guarded: integerBetween('bigint', 18, '-9223372036854775808', '9223372036854775807'),
    bare: (text) => `${onlyWhere(`${isPlain(text)} and ${isShort(text)}`, text)}::bigint`,
    plain: (text) => `${onlyWhere(isShort(text), text)}::bigint`,
  },
  numeric: {
    catalogName: 'numeric',
    keepsBlanks: false,
    // `numeric` itself accepts NaN and Infinity, and one such value makes every sum useless.
    guarded: (text) =>
      `case when length(${text}) <= 200 and ${text} ~ '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$'` +
      ` then ${text}::numeric end`,
    // Digits sort before ':', NaN and Infinity after it. Exponents are left to the guarded cast, which limits them.
    bare: (text) =>
      `${onlyWhere(`${isPlain(text)} and ${text} collate "C" < ':' and ${text} not like '%e%' and ${text} not like '%E%' and octet_length(${text}) <= 200`, text)}::numeric`,
    plain: (text) => `${onlyWhere(`octet_length(${text}) between 1 and 200`, text)}::numeric`,
  },
  boolean: {
    catalogName: 'boolean',
    keepsBlanks: false,
    guarded: (text) =>
      `case when lower(${text}) in ('true', 't', 'yes', 'y', '1') or ${text} ~ '^1[.]0*$' then true` +
      ` when lower(${text}) in ('false', 'f', 'no', 'n', '0') or ${text} ~ '^0[.]0*$' then false end`,
  },
  date: { catalogName: 'date', keepsBlanks: false, guarded: calendarDay },
  timestamptz: { catalogName: 'timestamp with time zone', keepsBlanks: false, guarded: moment },
  uuid: {
    catalogName: 'uuid',
    keepsBlanks: false,
    guarded: (text) =>
      `case when ${text} ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then ${text}::uuid end`,
  },
};

/** An index entry may have at most 2,704 bytes (a third of a page), and other fields may be part of the entry. */
const maxIndexedBytes = 2000;

/** Text of an indexed column: a text too long for the index would fail the statement on every attempt. */
export const indexedText: Pick<FieldType, 'guarded' | 'bare'> & { readonly name: string } = {
  name: `text of at most ${maxIndexedBytes} bytes`,
  guarded: (text) => `case when octet_length(${text}) <= ${maxIndexedBytes} then ${text} end`,
  bare: (text) =>
    `case when octet_length(${text}) <= ${maxIndexedBytes} then nullif(${text}, '')` +
    ` when ${text} is not null then (left(${text}, 0) || 'too long')::integer::text end`,
};

/** What a mapping can do with a value in addition to the cast. */
export interface Transform {
  /** The types it can give. */
  readonly types: readonly string[];
  readonly description: string;
  /** Replaces the casts of the type. */
  readonly cast?: Pick<FieldType, 'guarded' | 'bare' | 'plain'>;
  /** Applied to the cast value. */
  after?(value: string): string;
  /** What a required value must be, as it follows the type's name in a message. */
  readonly requires?: string;
}

export const transforms: Readonly<Record<string, Transform>> = {
  zero_as_null: {
    types: ['integer', 'bigint', 'numeric'],
    description: '0 means unknown',
    after: (value) => `nullif(${value}, 0)`,
    requires: 'other than 0',
  },
  epoch_seconds: {
    types: ['timestamptz'],
    description: 'seconds since 1970-01-01 UTC',
    // As seconds, a number of 12 or 13 digits would be a time thousands of years ahead; as milliseconds it is one after 1973.
    cast: {
      guarded: (text) =>
        `case when ${text} ~ '^-?[0-9]{1,11}([.][0-9]{1,6})?$' then to_timestamp(${text}::double precision)` +
        ` when ${text} ~ '^[0-9]{12,13}([.]0{0,6})?$' then to_timestamp(${text}::double precision / 1000)` +
        // R writes 1425942000 as 1.425942e+09.
        ` when ${text} ~ '^[0-9]{1,11}([.][0-9]{0,12})?[eE][+]?0?[0-9]$' then case when ${text}::numeric < 1e11` +
        ` then to_timestamp(${text}::double precision) end` +
        ` else coalesce(${moment(text)}, ${momentInUtc(text)}) end`,
      bare: (text) =>
        `to_timestamp(${onlyWhere(`${isPlain(text)} and octet_length(${text}) <= 11`, text)}::bigint)`,
      plain: (text) => `to_timestamp(${onlyWhere(`octet_length(${text}) between 1 and 11`, text)}::bigint)`,
    },
  },
  /** Node hashes each distinct value once (see pii-hash.ts), so the text that is cast here is already the hash. */
  pii_hash: {
    types: ['bigint', 'uuid'],
    description: 'a keyed hash of personal data: 63 bits, as a uuid 128 bits, of an HMAC-SHA-256',
    cast: { guarded: (hash) => hash, bare: (hash) => hash },
  },
};

/** Unicode's spaces, and characters without a width, as an SQL text: spreadsheets and web pages put them around values. */
const foreignSpaces = [
  ...['0085', '00a0', '1680', '180e', '2000', '2001', '2002', '2003', '2004', '2005', '2006', '2007', '2008'],
  ...['2009', '200a', '200b', '200c', '200d', '200e', '200f', '2028', '2029', '202f', '205f', '2060', '3000'],
  'feff',
]
  .map((code) => `\\u${code}`)
  .join('');

/** A text without the white space around it, which a cast ignores; null when nothing is left. */
export function trimmed(text: string): string {
  return `nullif(btrim(${text}, E' \\t\\r\\n\\f\\x0B${foreignSpaces}'), '')`;
}

/**
 * The text of a personal value that is hashed, so that one person has one hash however the number is written: `1`, `1.0`,
 * `00001` and `+1` give `1`. Null for a text that is not of the type. A uuid is the hash of any text, which stays as it is.
 */
export function canonicalText(type: string, text: string): string {
  return type === 'bigint' ? `(${fieldTypes.bigint!.guarded(text)})::text` : text;
}

/** Shown in place of personal data. */
export const maskedText = '***';

/** The transform that keeps the raw value of a field inside schema `source`. */
export const personalDataTransform = 'pii_hash';
