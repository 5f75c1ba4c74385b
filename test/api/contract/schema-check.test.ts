import { readFile } from 'node:fs/promises';
import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { ReportDescription } from '../../../src/api/contract/report-description.js';
import { contractDifferences } from '../../../src/api/contract/schema-check.js';
import { contractFile } from '../../../src/api/graphql/schema.js';
import { scopeReader } from '../../../src/api/operation/required-scopes.js';

const CONTRACT = `
  type Query { tinyReport: TinyReportConnection }
  type TinyReportConnection { nodes: [TinyReportRow!]! }
  type TinyReportRow { id: Int!, amount: Decimal }
  input TinyReportFilter { id: IntFilter, and: [TinyReportFilter!] }
  enum TinyReportOrderField { ID AMOUNT }
  input IntFilter { eq: Int }
  scalar Decimal
`;

const REPORT: ReportDescription = {
  name: 'tiny_report',
  key: ['id'],
  columns: [
    { name: 'id', type: 'int', nullable: false, filterable: true, sortable: true },
    { name: 'amount', type: 'numeric', nullable: true, filterable: false, sortable: true },
  ],
};

const differences = (contract: string, report = REPORT) =>
  contractDifferences(buildSchema(contract), [report]);

describe('the comparison of the contract with the reports', () => {
  it('reports nothing when they agree', () => {
    expect(differences(CONTRACT)).toEqual([]);
  });

  it.each([
    ['amount: Decimal', 'amount: Float', 'TinyReportRow.amount is Float, expected Decimal.'],
    ['amount: Decimal', 'amount: Decimal!', 'TinyReportRow.amount is Decimal!, expected Decimal.'],
    [', amount: Decimal', '', 'TinyReportRow.amount is missing, expected Decimal.'],
    [
      'amount: Decimal',
      'amount: Decimal, more: Int',
      'TinyReport has more, which is not a column of the report.',
    ],
    [
      '{ id: IntFilter',
      '{ id: IntFilter, amount: DecimalFilter',
      'TinyReportFilter.amount exists, but the report does not allow filtering by it.',
    ],
    ['{ id: IntFilter, ', '{ ', 'TinyReportFilter.id is missing.'],
    [
      '{ ID AMOUNT }',
      '{ ID }',
      'TinyReportOrderField and the report differ on whether rows can be ordered by amount.',
    ],
    ['tinyReport:', 'otherReport:', 'Query has no field tinyReport.'],
  ])('reports %s changed to %s', (agreed, changed, difference) => {
    const contract = `${CONTRACT.replace(agreed, changed)} input DecimalFilter { eq: Decimal }`;
    expect(differences(contract)).toContain(difference);
  });
});

describe('the scopes of the contract', () => {
  it('are required on every field of a root type', () => {
    expect(() => scopeReader(buildSchema('type Query { open: Int }'))).toThrow('Query.open has no @requires');
  });
});

describe('the public contract', () => {
  it('has a description for every type, field, argument and value', async () => {
    const schema = buildSchema(await readFile(contractFile, 'utf8'));
    const bare = Object.values(schema.getTypeMap())
      .filter(({ name, astNode }) => astNode && !name.startsWith('__'))
      .flatMap((type) => {
        const { fields = [], values = [] } = type.astNode as {
          fields?: {
            name: { value: string };
            description?: unknown;
            arguments?: { name: { value: string }; description?: unknown }[];
          }[];
          values?: { name: { value: string }; description?: unknown }[];
        };
        const parts = [...fields, ...values, ...fields.flatMap((field) => field.arguments ?? [])];
        return [
          ...(type.description ? [] : [type.name]),
          ...parts.filter(({ description }) => !description).map(({ name }) => `${type.name}.${name.value}`),
        ];
      });
    expect(bare).toEqual([]);
  });
});
