import { GraphQLError, parseValue } from 'graphql';
import { describe, expect, it } from 'vitest';
import { scalars } from '../../../src/api/contract/scalars.js';

const scalar = (name: string) => scalars.find((each) => each.name === name)!;

describe('a scalar', () => {
  it.each([
    ['Date', '2017-02-28'],
    ['DateTime', '2017-08-31T12:00:00.123456Z'],
    ['DateTime', '2017-08-31T12:00:00+05:30'],
    ['BigInt', '-9223372036854775808'],
    ['Decimal', '-1234567890123456789012345.0100'],
  ])('%s accepts %s unchanged', (name, text) => {
    expect(scalar(name).parseValue(text)).toBe(text);
    expect(scalar(name).parseLiteral(parseValue(`"${text}"`), {})).toBe(text);
  });

  it.each([
    ['Date', '2017-02-29'],
    ['Date', '2017-2-9'],
    ['Date', '0000-01-01'],
    ['Date', 20170228],
    ['DateTime', '2017-08-31 12:00:00'],
    ['DateTime', '2017-08-31T24:00:00Z'],
    ['BigInt', '9223372036854775808'],
    ['BigInt', '1.0'],
    ['BigInt', 2 ** 53],
    ['Decimal', 'NaN'],
    ['Decimal', '1e9'],
    ['Decimal', 0.1],
    ['Decimal', '9'.repeat(61)],
    ['Decimal', true],
  ])('%s rejects %s', (name, value) => {
    expect(() => scalar(name).parseValue(value)).toThrow(GraphQLError);
  });

  it('Decimal keeps all digits of a number literal', () => {
    expect(scalar('Decimal').parseLiteral(parseValue('0.10000000000000000001'), {})).toBe(
      '0.10000000000000000001',
    );
    expect(scalar('Decimal').parseLiteral(parseValue('12345678901234567890'), {})).toBe(
      '12345678901234567890',
    );
    expect(() => scalar('BigInt').parseLiteral(parseValue('1.5'), {})).toThrow(GraphQLError);
  });

  it.each([
    ['2017-08-31 12:00:00.5+00', '2017-08-31T12:00:00.5Z'],
    ['2017-08-31 12:00:00+05:30', '2017-08-31T12:00:00+05:30'],
    ['2017-08-31 12:00:00-08', '2017-08-31T12:00:00-08:00'],
  ])('DateTime converts %s from Postgres to RFC 3339', (printed, written) => {
    expect(scalar('DateTime').serialize(printed)).toBe(written);
  });
});
