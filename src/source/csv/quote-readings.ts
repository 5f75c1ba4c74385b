/** A field's place in a record: from its first character to the comma after it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A record with more combinations of places and fields than this is not examined. It counts as ambiguous. */
const MOST_COMBINATIONS = 2_000_000;

/** No quote follows. */
const NONE = Number.POSITIVE_INFINITY;

/** The fields of a record as Python's `csv.reader` divides it, by place. */
export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (;;) {
    const search = text[from] === '"' ? closingQuote(text, from) : from;
    const comma = search < 0 ? -1 : text.indexOf(',', search);
    if (comma < 0) return [...spans, { from, to: text.length }];
    spans.push({ from, to: comma });
    from = comma + 1;
  }
}

/** Where the strictly quoted or unquoted field at `from` ends; -1 when the field there is neither. */
export function strictEnd(text: string, from: number): number {
  if (text[from] === '"') {
    const closing = closingQuote(text, from);
    return closing >= 0 && endsField(text, closing + 1) ? closing + 1 : -1;
  }
  const end = endOfPlain(text, from);
  return text.slice(from, end).includes('"') ? -1 : end;
}

/**
 * In how many ways a record can be divided into `columns` fields of which at most `mostIrregular` are irregular. Any stretch
 * with a quote can be an irregular field, commas included: one with a lost, added or undoubled quote. Two fields without the comma
 * between them can be one irregular stretch as well.
 */
export function countReadings(text: string, columns: number, mostIrregular: number): number {
  const starts = [0];
  for (let comma = text.indexOf(','); comma >= 0; comma = text.indexOf(',', comma + 1))
    starts.push(comma + 1);
  if (starts.length * (columns + 1) * (mostIrregular + 1) > MOST_COMBINATIONS)
    return Number.POSITIVE_INFINITY;
  const placeOf = new Map([...starts, text.length + 1].map((start, place) => [start, place]));
  const after = (end: number) => (end < 0 ? undefined : placeOf.get(end + 1));
  let quote = -1;
  const moves = starts.map((start) => {
    if (quote < start) quote = text.indexOf('"', start);
    if (quote < 0) quote = NONE;
    return {
      strict: after(strictEnd(text, start)),
      joined: after(joinedEnd(text, start)),
      irregular: quote === NONE ? undefined : after(endOfPlain(text, quote)),
    };
  });
  let total = 0;
  let fewer: Float64Array[] | undefined;
  for (let irregular = 0; irregular <= mostIrregular; irregular++) {
    const ways = waysFrom(moves, columns, fewer);
    total += ways[0]![columns]!;
    fewer = ways;
  }
  return total;
}

interface Moves {
  /** The place after the field that starts here, if it is regular. */
  readonly strict: number | undefined;
  /** The place after two fields that start here without a comma between them. */
  readonly joined: number | undefined;
  /** The first place where an irregular field that starts here can end; it can end at any later one. */
  readonly irregular: number | undefined;
}

/**
 * For each place and each number of fields, the ways to divide the rest of the record with exactly one irregular field more than
 * in `fewer`; with none when it is undefined.
 */
function waysFrom(
  moves: readonly Moves[],
  columns: number,
  fewer: readonly Float64Array[] | undefined,
): Float64Array[] {
  const places = moves.length;
  const ways = Array.from({ length: places + 1 }, () => new Float64Array(columns + 1));
  if (fewer === undefined) ways[places]![0] = 1;
  const later = fewer === undefined ? undefined : sumsOfLater(fewer);
  for (let place = places - 1; place >= 0; place--) {
    const { strict, joined, irregular } = moves[place]!;
    const here = ways[place]!;
    for (let fields = 1; fields <= columns; fields++) {
      let count = strict === undefined ? 0 : ways[strict]![fields - 1]!;
      if (later !== undefined && irregular !== undefined) {
        count += later[irregular]![fields - 1]!;
        // A regular field is not irregular as well.
        if (strict !== undefined && strict >= irregular) count -= fewer![strict]![fields - 1]!;
      }
      if (fewer !== undefined && joined !== undefined && fields > 1) count += fewer[joined]![fields - 2]!;
      here[fields] = count;
    }
  }
  return ways;
}

/** For each place, the sums over it and all places after it. */
function sumsOfLater(ways: readonly Float64Array[]): Float64Array[] {
  const sums = ways.map((row) => Float64Array.from(row));
  for (let place = sums.length - 2; place >= 0; place--) {
    sums[place]!.forEach((own, fields) => {
      sums[place]![fields] = own + sums[place + 1]![fields]!;
    });
  }
  return sums;
}

/** Where two fields end that start at `from` and lack the comma between them: one is quoted, the other is not. */
function joinedEnd(text: string, from: number): number {
  if (text[from] === '"') {
    const closing = closingQuote(text, from);
    return closing < 0 || endsField(text, closing + 1) ? -1 : strictEnd(text, closing + 1);
  }
  const quote = text.slice(from, endOfPlain(text, from)).indexOf('"');
  return quote < 0 ? -1 : strictEnd(text, from + quote);
}

function closingQuote(text: string, from: number): number {
  let quote = text.indexOf('"', from + 1);
  while (quote >= 0 && text[quote + 1] === '"') quote = text.indexOf('"', quote + 2);
  return quote;
}

function endOfPlain(text: string, from: number): number {
  const comma = text.indexOf(',', from);
  return comma < 0 ? text.length : comma;
}

function endsField(text: string, at: number): boolean {
  return at === text.length || text[at] === ',';
}
