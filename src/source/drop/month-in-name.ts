/** A date or month found in a name. */
export interface NamedMonth {
  /** As it is written in the name. */
  readonly text: string;
  /** The months it may mean, as YYYY-MM: `05-06-2017` may mean May or June. */
  readonly months: readonly string[];
}

/** The dates and months in a name, and the name without them and without the times that follow them. */
export interface DatedName {
  readonly found: readonly NamedMonth[];
  readonly rest: string;
}

const year = '(?<year>(?:19|20)\\d\\d)';
const month = '(?<month>0[1-9]|1[0-2])';
const separator = '(?<separator>[-_. \\u2010-\\u2015])';
const day = '(?:0[1-9]|[12]\\d|3[01])';
const shortDay = '(?:0?[1-9]|[12]\\d|3[01])';
const time = '(?:(?:[01]\\d|2[0-3])[0-5]\\d(?:[0-5]\\d)?)';
const monthNames = [
  ...['jan(?:uary)?', 'feb(?:ruary)?', 'mar(?:ch)?', 'apr(?:il)?', 'may', 'june?', 'july?', 'aug(?:ust)?'],
  ...['sept?(?:ember)?', 'oct(?:ober)?', 'nov(?:ember)?', 'dec(?:ember)?'],
];
const named = `(?<name>${monthNames.join('|')})`;
const gap = '[-_., \\u2010-\\u2015]*';

/** The notations of a date or month. A month without zero is only certain next to a day. */
const notations: readonly RegExp[] = [
  `(?<!\\d)${year}${separator}${month}(?:\\k<separator>${shortDay})?(?!\\d)`,
  `(?<!\\d)${year}${separator}(?<month>[1-9])\\k<separator>${shortDay}(?!\\d)`,
  `(?<!\\d)${year}${month}(?:${day}${time}?)?(?!\\d)`,
  `(?<!\\d)(?<first>\\d\\d?)${separator}(?<second>\\d\\d?)\\k<separator>${year}(?!\\d)`,
  `(?<!\\d)(?<first>\\d\\d)(?<second>\\d\\d)${year}(?!\\d)`,
  `(?<!\\d)${month}[-_. \\u2010-\\u2015]?${year}(?!\\d)`,
  `(?:(?<!\\d)${shortDay}(?:st|nd|rd|th)?${gap})?(?<![a-z])${named}${gap}(?:${shortDay}(?:st|nd|rd|th)?[-_., ]+)?${year}(?!\\d)`,
  `(?<!\\d)${year}${gap}${named}(?:${gap}${shortDay}(?!\\d))?(?![a-z])`,
].map((notation) => new RegExp(notation, 'gi'));

/**
 * Finds the dates and months in a name, in any common notation: `2017-08`, `201708`, `2017_08_31`, `20170831`, `31-08-2017`,
 * `Aug-2017`. A number such as 170831 is not certain to be a date, so it stays in the name.
 */
export function findMonths(name: string): DatedName {
  const found: (NamedMonth & { readonly start: number })[] = [];
  const matches = notations
    .flatMap((notation) => [...name.matchAll(notation)])
    .map((match) => ({ start: match.index, text: match[0], months: monthsOf(match.groups ?? {}) }))
    .filter(({ months }) => months.length > 0)
    .sort((left, right) => right.text.length - left.text.length || left.start - right.start);
  for (const match of matches) {
    const end = match.start + match.text.length;
    const place = found.findIndex(({ start, text }) => match.start < start + text.length && start < end);
    const overlapping = found[place];
    if (overlapping === undefined) {
      found.push(match);
    } else if (overlapping.text.length === match.text.length) {
      // Two notations explain digits equally well, so what they mean is not certain.
      found[place] = { ...overlapping, months: [...new Set([...overlapping.months, ...match.months])] };
    }
  }
  found.sort((left, right) => left.start - right.start);
  return { found: found.map(({ text, months }) => ({ text, months })), rest: without(name, found) };
}

function monthsOf(groups: Record<string, string | undefined>): string[] {
  const of = (number: number) => `${groups.year}-${String(number).padStart(2, '0')}`;
  if (groups.name !== undefined) {
    const at = monthNames.findIndex((name) => new RegExp(`^${name}$`, 'i').test(groups.name!));
    return [of(at + 1)];
  }
  if (groups.month !== undefined) return [of(Number(groups.month))];
  const [first, second] = [Number(groups.first), Number(groups.second)];
  const isDate = (monthNumber: number, dayNumber: number) =>
    monthNumber >= 1 && monthNumber <= 12 && dayNumber >= 1 && dayNumber <= 31;
  const dayFirst = isDate(second, first) ? [of(second)] : [];
  const monthFirst = isDate(first, second) ? [of(first)] : [];
  return [...new Set([...dayFirst, ...monthFirst])];
}

/** Stands for a date; a character that no name has. */
const mark = '\ue000';
const timeAfter = /\ue000[T _.-]?([01]\d|2[0-3])([-:._]?[0-5]\d){1,2}(Z|[+-]\d\d:?\d\d)?(?!\d)/gi;
const around = '[-_. ()\\[\\]\\u2010-\\u2015]*';

/** What remains of a name when its dates, their times and the separators around them are gone. */
function without(name: string, dates: readonly { readonly start: number; readonly text: string }[]): string {
  let rest = '';
  let from = 0;
  for (const { start, text } of dates) {
    rest += name.slice(from, start) + mark;
    from = start + text.length;
  }
  rest = (rest + name.slice(from)).replace(timeAfter, mark);
  return rest
    .replace(new RegExp(`${around}${mark}(?:${around}${mark})*${around}`, 'g'), mark)
    .replace(new RegExp(`^${mark}|${mark}$`, 'g'), '')
    .replaceAll(mark, '_');
}

/** The month that a name gives, as YYYY-MM; undefined when it contains none, several, or one of unclear meaning. */
export function periodIn(name: string): string | undefined {
  const months = commonMonths(findMonths(name).found);
  return months?.length === 1 ? months[0] : undefined;
}

/** The months that all these dates may mean: none when they contradict each other; undefined when there are no dates. */
export function commonMonths(dates: readonly NamedMonth[]): string[] | undefined {
  const [first, ...others] = dates;
  return first?.months.filter((candidate) => others.every(({ months }) => months.includes(candidate)));
}
