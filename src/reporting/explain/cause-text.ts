import { filesTable } from '../../warehouse/corrections/withdrawal.js';
import type { Cause, SummedChange } from '../causes/cause.js';
import type { UnusableValue } from '../causes/unusable-values.js';

/** What happened to an entity, by the kind of cause. */
const happened: Readonly<Record<string, string>> = {
  new: 'is new',
  joined: 'joined this row',
  left: 'left this row',
  gone: 'is gone',
  changed: 'changed',
  released: 'was released by the as-of day',
  withheld: 'no longer counts',
  related: 'changed in related records',
  retired: 'was retired manually',
  restored: 'was restored manually',
};

/**
 * A cause as a line of text.
 * @param noun what an entity is called
 * @param entityKey the name of the entity's natural key in causes
 */
export function causeText(cause: Cause, noun: string, entityKey: string): string {
  const text = (name: string) => String(cause[name]);
  switch (cause.kind) {
    case 'first publication':
      return `first published, with ${text('rows')} rows`;
    case 'new file':
      return `${cause.late ? 'a late file' : 'a new file'}: ${cause.name} of ${cause.period}`;
    case 'as-of day':
      return `the as-of day moved from ${text('from')} to ${text('to')}`;
    case 'mapping':
      return `the mapping changed from version ${text('from')} to ${text('to')}`;
    case 'definition':
      return cause.relation === undefined
        ? 'the definition of the report changed'
        : `the rule ${text('relation')} changed`;
    case 'rollback':
      return `publication ${text('to')} was published again in place of ${text('from')}`;
    case 'together':
      return `computed together with rows of ${text('count')} ${noun}s that changed`;
    case 'of all':
      return `${fieldsText(cause)}, computed over all ${noun}s`;
    case 'rounding':
      return 'rounding of the sum';
    case 'others':
      return cause.unusableCount === undefined
        ? `${text('count')} more ${noun}s`
        : `${text('count')} more ${noun}s, ${text('unusableCount')} of them with unusable values`;
    case 'not kept':
      return `the earlier contributions of ${noun}s are not kept: the whole difference`;
    case 'unexplained':
      return 'no cause was found';
  }
  if (cause.table === filesTable) {
    const done = cause.kind === 'retired' ? 'withdrawn' : 'taken back';
    return `file ${cause.key?.file_id} was ${done}; ${handText(cause)}`;
  }
  const what = happened[cause.kind.replace(/ link$/, '')];
  if (what === undefined) return cause.kind;
  return [
    [entityText(cause, noun, entityKey), rowText(cause)].filter((part) => part !== undefined).join(': ') +
      ` ${what}`,
    fieldsText(cause),
    cause.unusable === undefined ? undefined : unusableText(cause.unusable),
    cause.leftOut === undefined ? undefined : `left out: ${cause.leftOut}`,
    handText(cause),
    ...(cause.byHand ?? []).map((hand) =>
      [`${rowText(hand)} ${happened[hand.kind]}`, handText(hand)].join('; '),
    ),
    ...(cause.summed ?? []).map(summedText),
    // The record that an entity comes from is not the reason.
    cause.kind === 'related' && cause.summed !== undefined ? undefined : originText(cause),
  ]
    .filter((part) => part !== undefined)
    .join('; ');
}

function entityText(cause: Cause, noun: string, entityKey: string): string | undefined {
  if (cause[entityKey] === undefined) return undefined;
  return `${cause.name ?? `${noun} without a name`} (${noun} ${String(cause[entityKey])})`;
}

/** A warehouse row that is not the entity's own: a link or a linked row. */
function rowText({ table, key }: Cause): string | undefined {
  if (table === undefined || key === undefined) return undefined;
  return `${table} with ${pairsText(key)}`;
}

function pairsText(key: Readonly<Record<string, string>>): string {
  return Object.entries(key)
    .map(([field, value]) => `${field} ${value}`)
    .join(', ');
}

/** For a restored row, the known reason is the one it was retired for, maybe by another user. */
function handText({ kind, table, by, reason }: Cause): string | undefined {
  if (reason === undefined) return undefined;
  if (!kind.startsWith('restored')) return `by ${by}: ${reason}`;
  return `by ${by}; ${table === filesTable ? 'withdrawn' : 'retired'} for: ${reason}`;
}

function fieldsText({ fields }: Cause): string | undefined {
  if (fields === undefined || fields.length === 0) return undefined;
  return fields
    .map(({ field, old, new: now }) => `${field} ${old ?? 'unknown'} -> ${now ?? 'unknown'}`)
    .join(', ');
}

function summedText({ table, key, count, file, period, record, ...change }: SummedChange): string {
  const unusable = change.unusable ?? [];
  const more = (change.unusableCount ?? unusable.length) - unusable.length;
  const values =
    unusable.length === 0 ? '' : `: ${unusableText(unusable)}${more > 0 ? `, and ${more} more` : ''}`;
  return key === undefined
    ? `${count} new ${table} in ${file} of ${period}${values}`
    : `${table} with ${pairsText(key)}, by ${file} of ${period}, record ${record}${values}`;
}

/** Values that could not be used, each with its text as sent. */
function unusableText(values: readonly UnusableValue[]): string {
  return values
    .map(({ field, value, reason }) => {
      const fault = reason === 'value_out_of_range' ? 'is out of range' : 'could not be read';
      return `${field} ${JSON.stringify(value)} ${fault}`;
    })
    .join(', ');
}

function originText({ file, period, record, version, earlierVersion, late }: Cause): string | undefined {
  if (file === undefined) return undefined;
  return `${file} of ${period}${late ? ' (late)' : ''}, record ${record}, warehouse version ${version ?? earlierVersion ?? 'none'}`;
}
