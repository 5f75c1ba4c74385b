import { readFile } from 'node:fs/promises';
import { buildSchema, type GraphQLObjectType, type GraphQLSchema, getNamedType } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { publication, reportChange } from '../../../src/api/access/visible-catalog.js';
import { contractDifferences } from '../../../src/api/contract/schema-check.js';
import { camelCase, pascalCase } from '../../../src/api/contract/schema-names.js';
import { contractFile } from '../../../src/api/graphql/schema.js';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { updateDictionary } from '../../../src/reporting/publish/dictionary.js';
import { updateCatalog } from '../../../src/reporting/publish/report-catalog.js';
import { useDatabase } from '../../database-fixture.js';
import { describeTables } from '../scratch-reports.js';

const database = useDatabase();
let schema: GraphQLSchema;
let tables: Awaited<ReturnType<typeof describeTables>>;
beforeAll(async () => {
  schema = buildSchema(await readFile(contractFile, 'utf8'));
  const nothing = Object.fromEntries(reports.map(({ name }) => [name, 0]));
  const unchanged = Object.fromEntries(
    reports.map(({ name }) => [name, { inserted: 0, updated: 0, deleted: 0 }]),
  );
  await inTransaction(database.pools.pipeline, async (client) => {
    await updateCatalog(client, reports, 1, nothing, unchanged);
    await updateDictionary(client, reports);
  });
  tables = await describeTables(database.pools.owner);
});

const rowsOf = async (text: string) => (await database.pools.reader.query(text)).rows;
const fieldsOf = (type: string) => (schema.getType(type) as GraphQLObjectType).getFields();
/** The prefixes of the report types that the contract has queries for. */
const queried = () =>
  Object.values(schema.getQueryType()!.getFields())
    .map((field) => getNamedType(field.type).name)
    .filter((name) => name.endsWith('ReportConnection'))
    .map((name) => name.replace(/Connection$/, ''))
    .sort();

describe('the contract', () => {
  it('matches the columns, types and nulls of the tables', () => {
    expect(contractDifferences(schema, tables)).toEqual([]);
  });

  it('has a query for exactly the reports of the catalog', async () => {
    const catalog = await rowsOf('select report from reporting.report_catalog');
    expect(queried()).toEqual(catalog.map(({ report }) => pascalCase(report)).sort());
    expect(queried()).toEqual(tables.map(({ name }) => pascalCase(name)).sort());
  });

  it('has a field for every column of the dictionary, and states US dollars', async () => {
    const dictionary = await rowsOf(
      `select table_name, column_name, unit from reporting.data_dictionary
       where schema_name = 'reporting' order by table_name, position`,
    );
    expect(dictionary.length).toBe(tables.flatMap(({ columns }) => columns).length);
    const missing = dictionary.filter(({ table_name, column_name, unit }) => {
      const field = fieldsOf(`${pascalCase(table_name)}Row`)[camelCase(column_name)];
      // Only dollars are compared: the contract describes other units in its own words, such as `ten-point`.
      return !field?.description || (unit === 'US dollars' && !field.description.includes('US dollars'));
    });
    expect(missing).toEqual([]);
  });

  it.each([
    ['PublicationRow', publication],
    ['ReportChangeRow', reportChange],
  ])('has only fields of %s that are columns of the table', async (type, { name, columns }) => {
    const found = await database.pools.owner.query<{ name: string }>(
      'select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0',
      [`reporting.${name}`],
    );
    const inTable = new Set(found.rows.map((column) => column.name));
    expect(columns.filter((column) => !inTable.has(column.name))).toEqual([]);
    expect(
      Object.keys(fieldsOf(type)).filter((field) => !columns.some((each) => camelCase(each.name) === field)),
    ).toEqual([]);
  });
});

describe('the catalog and the dictionary', () => {
  it('match the keys, columns, positions and types of the tables', async () => {
    const keys = await rowsOf(
      'select report as name, key_columns as key from reporting.report_catalog order by 1',
    );
    expect(keys).toEqual(tables.map(({ name, key }) => ({ name, key })));
    const described = await rowsOf(
      `select table_name, column_name, position, data_type from reporting.data_dictionary
       where schema_name = 'reporting' order by table_name, position`,
    );
    const actual = await database.pools.owner.query(
      `select relname::text as table_name, attname::text as column_name, attnum::int4 as position,
         format_type(atttypid, atttypmod) as data_type
       from pg_attribute join pg_class c on c.oid = attrelid
       where relnamespace = 'reporting'::regnamespace and relkind = 'r' and relname like '%\\_report' and attnum > 0
         and not attisdropped
       order by 1, 3`,
    );
    expect(described).toEqual(actual.rows);
  });
});

describe('the indexes', () => {
  it('besides the primary keys are exactly those of the report descriptions', async () => {
    const { rows } = await database.pools.owner.query<{
      report: string;
      columns: string[];
      expression: string | null;
    }>(
      `select c.relname::text as report,
         (select array_agg(a.attname::text order by k.place) from unnest(i.indkey) with ordinality k (number, place)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number) as columns,
         pg_get_expr(i.indexprs, i.indrelid) as expression
       from pg_index i join pg_class c on c.oid = i.indrelid
       where c.relnamespace = 'reporting'::regnamespace and not i.indisprimary and c.relname like '%\\_report'`,
    );
    const inTables = rows
      .map(({ report, columns, expression }) => `${report} ${expression ?? columns}`)
      .sort();
    expect(inTables).toEqual(
      reports
        .flatMap(({ name, indexes, searchedNames = [] }) => [
          ...indexes.map((columns) => `${name} ${columns}`),
          ...searchedNames.map((column) => `${name} reporting.fold(${column})`),
        ])
        .sort(),
    );
  });
});
