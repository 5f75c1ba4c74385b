import { type ColumnKinds, misfit } from '../column-kind.js';
import { countReadings, type Span, spansOf, strictEnd } from './quote-readings.js';

/** A judgement of a loosely quoted record: it is loaded, with an issue, or rejected. */
export interface LooseJudgement {
  readonly certain: boolean;
  /** The first column with irregular quotes. */
  readonly column: string;
  /** One sentence for users. */
  readonly detail: string;
}

/** More irregular fields than this make any reading of a record a guess. */
const MOST_IRREGULAR = 4;

/**
 * Judges whether a loosely quoted record can be read in one way only. It can when
 *
 * - no other division into the same number of fields explains the quotes with as few irregular fields,
 * - the values look like the kinds of their columns, and
 * - each irregular field is unquoted, and its quotes are clearly part of its text: `say "hi" again`, `5" pipe`. A quote at the
 *   start, a doubled or escaped quote, or an odd one at the end may as well be a remnant of quotes around the field.
 *
 * @param raw the record's bytes without line end, in UTF-8
 * @param fields its fields as Python reads them, as many as there are columns
 */
export function judgeLooseRecord(
  raw: Buffer,
  fields: readonly string[],
  columns: readonly string[],
  kinds: ColumnKinds,
): LooseJudgement {
  const text = raw.toString('latin1'); // one character per byte; the characters that matter here are ASCII
  const spans = spansOf(text);
  const irregular = spans.flatMap((span, index) => (strictEnd(text, span.from) === span.to ? [] : [index]));
  const column = columns[irregular[0] ?? 0] ?? '';
  const uncertain = (why: string): LooseJudgement => ({
    certain: false,
    column,
    detail: `Field “${column}” contains quotes that are not doubled, and ${why}.`,
  });
  const ambiguous = irregular.find((index) => !belongToText(text, spans[index]!));
  if (ambiguous !== undefined) {
    return uncertain(
      `${ambiguous === irregular[0] ? 'it' : `“${columns[ambiguous]}”`} may have lost or gained a quote`,
    );
  }
  const other = misfit(fields, columns, kinds);
  if (other !== undefined) {
    return uncertain(`the value of “${other.column}” does not look like a ${other.kind}`);
  }
  if (irregular.length > MOST_IRREGULAR || countReadings(text, columns.length, irregular.length) !== 1) {
    return uncertain('the record can be divided into fields in more than one way');
  }
  return {
    certain: true,
    column,
    detail: `Field “${column}” contains quotes and is not quoted itself. Only one reading fits, so the text was kept as it is.`,
  };
}

function belongToText(text: string, { from, to }: Span): boolean {
  const field = text.slice(from, to);
  if (/^\s*"|""|\\"|[\r\n]/.test(field)) return false;
  return !/"\s*$/.test(field) || field.split('"').length % 2 === 1;
}
