import { filesTable } from '../../warehouse/corrections/withdrawal.js';
import type { Cause, SummedNews } from '../causes/cause.js';

/** What happened to an entity, by the kind of cause. */
const happened: Readonly<Record<string, string>> = {
  new: 'is new',
  joined: 'joined this row',
  left: 'left this row',
  gone: 'is gone',
  changed: 'changed',
  released: 'was released by the as-of day',
  withheld: 'does not count any more',
  related: 'changed in what belongs to it',
  retired: 'was retired by hand',
  restored: 'was restored by hand',
};

/**
 * A cause as a line for people.
 * @param noun what an entity is called
 * @param entityKey the entity's natural key, as causes name it
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
      return 'the definition of the report changed';
    case 'rollback':
      return `publication ${text('to')} was published again in place of ${text('from')}`;
    case 'together':
      return `computed together with rows of ${text('count')} ${noun}s that changed`;
    case 'of all':
      return `${fieldsText(cause)}, which all ${noun}s make`;
    case 'rounding':
      return 'rounding of the sum';
    case 'others':
      return `${text('count')} more ${noun}s`;
    case 'not kept':
      return `what ${noun}s brought before is not kept: all of the difference`;
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
    cause.leftOut === undefined ? undefined : `left out: ${cause.leftOut}`,
    handText(cause),
    ...(cause.byHand ?? []).map((hand) =>
      [`${rowText(hand)} ${happened[hand.kind]}`, handText(hand)].join('; '),
    ),
    ...(cause.summed ?? []).map(summedText),
    // What an entity is known from did not change it.
    cause.kind === 'related' && cause.summed !== undefined ? undefined : originText(cause),
  ]
    .filter((part) => part !== undefined)
    .join('; ');
}

function entityText(cause: Cause, noun: string, entityKey: string): string | undefined {
  if (cause[entityKey] === undefined) return undefined;
  return `${cause.name ?? `${noun} without a name`} (${noun} ${String(cause[entityKey])})`;
}

/** A row of the warehouse that is not the entity's own: a link, or what is linked to. */
function rowText({ table, key }: Cause): string | undefined {
  if (table === undefined || key === undefined) return undefined;
  return `${table} with ${pairsText(key)}`;
}

function pairsText(key: Readonly<Record<string, string>>): string {
  return Object.entries(key)
    .map(([field, value]) => `${field} ${value}`)
    .join(', ');
}

/** Of what is restored the reason is known for which it had been retired, and that by another person maybe. */
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

function summedText({ table, key, count, file, period, record }: SummedNews): string {
  if (key === undefined) return `${count} new ${table} in ${file} of ${period}`;
  return `${table} with ${pairsText(key)}, by ${file} of ${period}, record ${record}`;
}

function originText({ file, period, record, version, earlierVersion, late }: Cause): string | undefined {
  if (file === undefined) return undefined;
  return `${file} of ${period}${late ? ' (late)' : ''}, record ${record}, warehouse version ${version ?? earlierVersion ?? 'none'}`;
}
