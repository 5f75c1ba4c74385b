/**
 * The closed list of types a warehouse field may have, each with the two ways from text to it.
 *
 * Postgres before 16 cannot ask whether a text would cast, so the guarded way tests the text first and gives null
 * where it does not fit. The bare way is the cast itself behind a few cheap comparisons, for bulk: several times faster,
 * but one bad value ends the statement. Both ways agree on every text that the bare one takes.
 */
export interface FieldType {
  /** As Postgres's `format_type` calls it. */
  readonly catalogName: string;
  /** An expression that gives the value, or null where `text` (a column reference) does not hold one. */
  guarded(text: string): string;
  /** The cast, of a text as sent, that fails on what it cannot take and on what the guarded way would have refused. */
  bare?(text: string): string;
  /** The same for a text in which none of `numberMarks` occurs; without one, `bare` is as cheap. */
  plain?(text: string): string;
  /** Whether blanks around the text are part of the value. */
  readonly keepsBlanks: boolean;
}

const integerBetween = (type: string, digits: number, least: string, most: string) => (text: string) =>
  `case when ${text} ~ '^[+-]?[0-9]{1,${digits}}$' then ${text}::${type}` +
  // The vendor's tools write whole numbers as 81.0 where a column has gaps.
  ` when ${text} ~ '^[+-]?[0-9]{1,40}([.]0*)?$' then` +
  ` case when ${text}::numeric between ${least} and ${most} then ${text}::numeric::${type} end end`;

const calendarDay = (text: string) =>
  `case when ${text} ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' and left(${text}, 4) <> '0000' then` +
  ` case when right(${text}, 2)::integer <= extract(day from make_date(left(${text}, 4)::integer,` +
  ` substr(${text}, 6, 2)::integer, 1) + interval '1 month - 1 day') then ${text}::date end end`;

const moment = (text: string) =>
  `case when ${text} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$'` +
  ` then case when (${calendarDay(`left(${text}, 10)`)}) is not null then ${text}::timestamptz end end`;

/**
 * The text where a condition holds, null where it is empty; elsewhere something that no cast takes.
 */
const onlyWhere = (fits: string, text: string) =>
  `case when ${fits} then ${text} when ${text} is null or ${text} = '' then null else 'not plain' end`;

/**
 * Whether a text that a number's cast takes is plain digits: since Postgres 16 it takes 0x1F and 1_000 as well. Three
 * byte comparisons and a LIKE cost a third of a regular expression or of `translate` (2.6 million records of three such
 * columns: 1.1 s; without any test 0.9 s; with `translate` 1.9 s; with regular expressions 2.9 s).
 */
const isPlain = (text: string) => {
  const bytes = `${text} collate "C"`;
  return (
    `(${bytes} >= '1' or (${bytes} >= '0' and ${bytes} < '0A') or (${bytes} >= '-1' and ${bytes} < '-:'))` +
    ` and ${text} not like '%\\_%'`
  );
};

/** As long as the guarded way takes a whole number, zeros in front included. */
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
    // `numeric` itself takes NaN and Infinity, which no sum survives.
    guarded: (text) =>
      `case when length(${text}) <= 200 and ${text} ~ '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$'` +
      ` then ${text}::numeric end`,
    // Below ':' lie the digits, and above it NaN and Infinity; a large exponent is left to the guarded way.
    bare: (text) =>
      `${onlyWhere(`${isPlain(text)} and ${text} collate "C" < ':' and ${text} not like '%e%' and ${text} not like '%E%' and octet_length(${text}) <= 200`, text)}::numeric`,
    plain: (text) => `${onlyWhere(`octet_length(${text}) between 1 and 200`, text)}::numeric`,
  },
  boolean: {
    catalogName: 'boolean',
    keepsBlanks: false,
    guarded: (text) =>
      `case when lower(${text}) in ('true', 't', 'yes', 'y', '1') then true` +
      ` when lower(${text}) in ('false', 'f', 'no', 'n', '0') then false end`,
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

/** Postgres puts no entry of more than 2,704 bytes (a third of a page) into an index; other fields may share it. */
const mostIndexedBytes = 2000;

/** Text of a column that an index holds: one text that is too long for it would end the statement, however often tried. */
export const indexedText: Pick<FieldType, 'guarded' | 'bare'> & { readonly name: string } = {
  name: `text of at most ${mostIndexedBytes} bytes`,
  guarded: (text) => `case when octet_length(${text}) <= ${mostIndexedBytes} then ${text} end`,
  bare: (text) =>
    `case when octet_length(${text}) <= ${mostIndexedBytes} then nullif(${text}, '')` +
    ` when ${text} is not null then (left(${text}, 0) || 'too long')::integer::text end`,
};

/** What a mapping may have done to a value beyond its cast: the closed list. */
export interface Transform {
  /** The types it gives. */
  readonly types: readonly string[];
  readonly description: string;
  /** Replaces the type's own casts. */
  readonly cast?: Pick<FieldType, 'guarded' | 'bare' | 'plain'>;
  /** Applied to the cast value. */
  after?(value: string): string;
  /** What it asks of a value that may not be missing, behind the type's name. */
  readonly unless?: string;
}

export const transforms: Readonly<Record<string, Transform>> = {
  zero_as_null: {
    types: ['integer', 'bigint', 'numeric'],
    description: '0 means unknown',
    after: (value) => `nullif(${value}, 0)`,
    unless: 'other than 0',
  },
  epoch_seconds: {
    types: ['timestamptz'],
    description: 'seconds since 1970-01-01 UTC',
    cast: {
      guarded: (text) =>
        `case when ${text} ~ '^-?[0-9]{1,11}([.][0-9]{1,6})?$' then to_timestamp(${text}::double precision) end`,
      bare: (text) =>
        `to_timestamp(${onlyWhere(`${isPlain(text)} and octet_length(${text}) <= 11`, text)}::bigint)`,
      plain: (text) => `to_timestamp(${onlyWhere(`octet_length(${text}) between 1 and 11`, text)}::bigint)`,
    },
  },
  /** Done in Node, once per distinct value: see personal-data.ts. The text that is cast is the hash already. */
  pii_hash: {
    types: ['bigint', 'uuid'],
    description: 'a keyed hash of personal data: 63 bits, as a uuid 128 bits, of an HMAC-SHA-256',
    cast: { guarded: (hash) => hash, bare: (hash) => hash },
  },
};

/** A text without the blanks around it that a cast passes over; null when nothing is left. */
export function trimmed(text: string): string {
  return `nullif(btrim(${text}, E' \\t\\r\\n\\f\\x0B'), '')`;
}

/** The transform that keeps a field's raw value out of everything but `source`. */
export const personalDataTransform = 'pii_hash';
