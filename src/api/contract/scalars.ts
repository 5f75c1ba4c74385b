import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';

const MAX_DECIMAL_DIGITS = 60;

/**
 * The contract's scalars. All are exact and, except JSON, are strings in responses. Input that would lose digits is
 * rejected.
 */
export const scalars: readonly GraphQLScalarType[] = [
  textScalar('Date', parseDate, (text) => text),
  textScalar('DateTime', parseDateTime, rfc3339),
  textScalar('BigInt', parseBigInt, (text) => text),
  textScalar('Decimal', parseDecimal, (text) => text),
  new GraphQLScalarType({
    name: 'JSON',
    serialize: (value) => value,
    parseValue: (value) => value,
    parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
  }),
];

function textScalar(
  name: string,
  parse: (text: string) => string,
  write: (text: string) => string,
): GraphQLScalarType {
  const numeric = name === 'BigInt' || name === 'Decimal';
  return new GraphQLScalarType({
    name,
    serialize: (value) => write(String(value)),
    parseValue(value) {
      if (typeof value === 'string') return parse(value);
      if (numeric && Number.isSafeInteger(value)) return String(value);
      throw invalid(name, String(value), numeric ? 'a string or a safe integer' : 'a string');
    },
    parseLiteral(node: ValueNode) {
      if (node.kind === Kind.STRING) return parse(node.value);
      if (numeric && node.kind === Kind.INT) return parse(node.value);
      // A literal is still text here, so parsing it loses no digits.
      if (name === 'Decimal' && node.kind === Kind.FLOAT) return parse(node.value);
      throw invalid(name, node.kind, numeric ? 'a string or a number' : 'a string');
    },
  });
}

function invalid(name: string, found: string, expected: string): GraphQLError {
  return new GraphQLError(`Invalid ${name} ${found.slice(0, 40)}: expected ${expected}.`);
}

function parseDate(text: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match || match[1] === '0000' || !isDay(text))
    throw invalid('Date', `"${text}"`, 'an existing day as YYYY-MM-DD');
  return text;
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function parseDateTime(text: string): string {
  // Postgres rejects offsets of 16 hours or more.
  const match =
    /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-5]):[0-5]\d)$/.exec(
      text,
    );
  if (!match?.[1] || match[1].startsWith('0000') || !isDay(match[1])) {
    throw invalid('DateTime', `"${text}"`, 'a time as in RFC 3339, with a time zone');
  }
  return text;
}

function parseBigInt(text: string): string {
  if (!/^-?\d{1,19}$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
    throw invalid('BigInt', `"${text}"`, 'a 64-bit integer');
  }
  return text;
}

function parseDecimal(text: string): string {
  if (!/^-?\d+(\.\d+)?$/.test(text) || text.length > MAX_DECIMAL_DIGITS) {
    throw invalid('Decimal', `"${text}"`, `a decimal number of at most ${MAX_DECIMAL_DIGITS} characters`);
  }
  return text;
}

/** Converts a time from the format of Postgres, `2017-08-31 12:00:00.5+00`. Keeps its offset and precision. */
export function rfc3339(text: string): string {
  const [, day, time, offset, minutes] =
    /^(\S+)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d)(?::?(\d\d))?$/.exec(text) ?? [];
  if (!day || !offset) return text;
  const zone =
    offset === 'Z' || (offset === '+00' && (minutes ?? '00') === '00') ? 'Z' : `${offset}:${minutes ?? '00'}`;
  return `${day}T${time}${zone}`;
}
