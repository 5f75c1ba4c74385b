import { Fault } from '../../fault.js';
import type { Drop } from './drop.js';
import { commonMonths } from './month-in-name.js';

/** What makes a drop clear, for messages. */
export interface ClearingCommands {
  /** The command that takes `--as` and `--ignore`. */
  readonly files: string;
  /** The command that takes `--period`. */
  readonly month: string;
}

/** The month of a drop. */
export interface ChosenMonth {
  readonly period: string | undefined;
  /** Whether an operator gave it, so that other months in names do not matter. */
  readonly isGiven: boolean;
}

/**
 * Explains what is unclear about a drop: which files may belong to a feed, and which names give different months. Nothing of such
 * a drop may be loaded.
 *
 * @returns sentences with the commands that answer; undefined when all is clear
 */
export function explainUnclear(
  drop: Drop,
  { period, isGiven }: ChosenMonth,
  commands: ClearingCommands,
): string | undefined {
  const files = describeQuestions(drop, commands.files);
  const months = isGiven ? undefined : describeMonths(drop, period, commands);
  if (files === undefined && months === undefined) return undefined;
  return ['Nothing was loaded.', files, months].filter((part) => part !== undefined).join(' ');
}

/** @throws Fault drop_unclear when something is unclear about a drop */
export function requireClear(drop: Drop, month: ChosenMonth, commands: ClearingCommands): void {
  const unclear = explainUnclear(drop, month, commands);
  if (unclear !== undefined) throw new Fault('drop_unclear', unclear);
}

function describeQuestions({ questions }: Drop, command: string): string | undefined {
  if (questions.length === 0) return undefined;
  const sentences = questions.map(({ name, why }) => `${name} ${why}.`);
  const loads = questions.flatMap(({ name, feed }) =>
    feed === undefined ? [] : [`--as ${quoted(`${feed}=${name}`)}`],
  );
  const ignores = questions.map(({ name }) => `--ignore ${quoted(name)}`);
  const them = questions.length === 1 ? 'it' : 'them';
  const answers = [
    ...(loads.length === 0 ? [] : [`To load ${them}: ${command} ${loads.join(' ')}.`]),
    `To leave ${them} out: ${command} ${ignores.join(' ')}.`,
  ];
  return [...sentences, ...answers].join(' ');
}

function describeMonths(
  { months }: Drop,
  period: string | undefined,
  { files, month }: ClearingCommands,
): string | undefined {
  const common = commonMonths(months);
  if (common === undefined || (period === undefined ? common.length > 0 : common.includes(period))) {
    return undefined;
  }
  const all = common.length === 0 ? months : [...months, { name: 'the drop', months: [period] }];
  const found = [...new Set(all.map(({ name, months }) => `${name} (${months.join(' or ')})`))];
  return `The names give different months: ${found.join(', ')}. To load all files for one month: ${month} --period YYYY-MM. To leave a file out: ${files} --ignore FILE.`;
}

/** Why the month of a drop without contradictions is not known, for a message. */
export function whyNoMonth({ folder, months }: Drop): string {
  const [unclear] = months;
  return unclear === undefined
    ? `Cannot tell the month from the folder name ${folder} or the names of its files.`
    : `Cannot tell the month: ${unclear.text} in ${unclear.name} may mean ${unclear.months.join(' or ')}.`;
}

/** One sentence for each name that gives another month than the one its records are stored under. */
export function contradictions({ months }: Drop, period: string): string[] {
  return months
    .filter((found) => !found.months.includes(period))
    .map(
      ({ name, months: said }) =>
        `The name ${name} says ${said.join(' or ')}, but its records are stored as of ${period}.`,
    );
}

/** An argument as a POSIX shell takes it. */
export function quoted(argument: string): string {
  return /^[\w./=:@%+,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
