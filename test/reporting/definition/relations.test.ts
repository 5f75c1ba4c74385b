import { describe, expect, it } from 'vitest';
import { render } from '../../../src/database/sql.js';
import {
  onEarlierDay,
  type RelationText,
  templateWithRelations,
  usedRelations,
} from '../../../src/reporting/definition/relations.js';

const relation = (name: string, text: string): RelationText => ({
  name,
  text,
  source: `The relation ${name}`,
});
const plain = relation('plain', '-- plain: selects {{ nothing }}\nselect 1 as a');
const above = relation('above', 'select a from {{ plain }} where a > {{ least }}');
const top = relation('top', 'select a from {{above}} join {{ plain }} using (a)');

describe('the relations that a query uses', () => {
  it('come after those that they select from, each once, and no others', () => {
    const used = usedRelations('select * from {{ top }}, {{ plain }}', [
      top,
      above,
      plain,
      relation('x', ''),
    ]);
    expect(used.map(({ name }) => name)).toEqual(['plain', 'above', 'top']);
    expect(usedRelations('-- not {{ top }}\nselect {{ least }}', [top, above, plain])).toEqual([]);
  });

  it('become common table expressions that Postgres plans as part of the query', () => {
    const template = templateWithRelations('select * from {{ above }} where a < {{ most }}', 'q', [
      above,
      plain,
    ]);
    expect(render(template({ least: 1, most: 2, other: 3 }))).toEqual({
      text:
        'with "plain" as not materialized (\nselect 1 as a\n),\n' +
        '"above" as not materialized (\nselect a from "plain" where a > $1\n)\n' +
        'select * from (\nselect * from "above" where a < $2\n) as statement',
      values: [1, 2],
    });
  });

  it('leave a query without relations as it is', () => {
    const template = templateWithRelations('select {{ least }}', 'q', [above, plain]);
    expect(render(template({ least: 1 }))).toEqual({ text: 'select $1', values: [1] });
  });

  it.each([
    ['itself', [relation('a', 'select from {{ a }}')], 'The relation a selects from itself: a -> a.'],
    [
      'itself through another one',
      [relation('a', 'select from {{ b }}'), relation('b', 'select from {{ a }}')],
      'The relation a selects from itself: a -> b -> a.',
    ],
    [
      'others that do so',
      [
        relation('a', 'select from {{ b }}'),
        relation('b', 'select from {{ c }}'),
        relation('c', 'select from {{ d }}, {{ b }}'),
        relation('d', 'select 1'),
      ],
      'The relation b selects from itself: b -> c -> b.',
    ],
  ])('may not select from %s', (_, relations, message) => {
    expect(() => usedRelations('select * from {{ a }}', relations)).toThrow(
      expect.objectContaining({ code: 'relation_cycle', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    [
      'select * from {{ plane }}',
      'The check c has an unknown placeholder {{ plane }}. Relations: above, plain.',
    ],
    ['select * from {{ above }}', 'The relation above has an unknown placeholder {{ least }}.'],
  ])('have to exist, as parameters have to: %s', (text, message) => {
    const template = templateWithRelations(text, 'The check c', [above, plain]);
    expect(() => template({ as_of_day: '2017-08-31' })).toThrow(
      expect.objectContaining({ code: 'placeholder_unknown', message: expect.stringContaining(message) }),
    );
    expect(() => template({ as_of_day: '2017-08-31' })).toThrow('Parameters of this query: as_of_day.');
  });

  it('exist for the earlier as-of day, too', () => {
    const released = relation(
      'released',
      'select a from {{plain}} where day <= {{ as_of_day }} and {{ all }}',
    );
    expect(onEarlierDay([released, plain]).map(({ name, text }) => [name, text])).toEqual([
      [
        'earlier_released',
        'select a from {{ earlier_plain }} where day <= {{ earlier_as_of_day }} and {{ all }}',
      ],
      ['earlier_plain', plain.text],
    ]);
  });
});
