import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ProjectFile } from './layer-rules.js';
import { ledgerSqlFaults, ledgerTablesIn } from './ledger-sql-rules.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const setBased = 'one set-based statement over many rows or tables, which the client cannot express';
const copy = 'writes in the transaction of a COPY or a set-based statement';
const fence = 'takes or checks a fence, or locks the row it then changes';
const pageStatement = 'read by the API, whose process loads no client';
const definition = 'text of a report';

/** Files that may contain SQL on ledger tables, with the reason; everything else goes through `ledger()`. */
const mayContainSql: Readonly<Record<string, string>> = {
  'src/api/access/as-of.ts': pageStatement,
  'src/api/graphql/catalog-resolvers.ts': pageStatement,
  'src/api/graphql/publication-watch.ts': pageStatement,
  'src/api/http/health.ts': pageStatement,
  'src/api/page-plan/page-statement.ts': pageStatement,
  'src/database/audit-chain.ts': setBased,
  'src/database/sql/verify-audit.sql': setBased,
  'src/dataset/reports/checks/few_known_keys_change_their_name.sql': 'text of a check',
  'src/dataset/reports/movie_genre_report.sql': definition,
  'src/dataset/reports/movie_score_report.sql': definition,
  'src/dataset/reports/production_company_movies_report.sql': definition,
  'src/queue/ledger/run-ledger.ts': fence,
  'src/queue/ledger/step-ledger.ts': fence,
  'src/queue/ledger/step.ts': fence,
  'src/reporting/build/as-of-day.ts': setBased,
  'src/reporting/build/build.ts': copy,
  'src/reporting/build/incremental-base.ts': copy,
  'src/reporting/build/rollup.ts': copy,
  'src/reporting/build/verify-reports.ts': setBased,
  'src/reporting/build/warehouse-state.ts': setBased,
  'src/reporting/causes/entity-cause.ts': setBased,
  'src/reporting/causes/sql/changed-name.sql': setBased,
  'src/reporting/causes/sql/manual-corrections.sql': setBased,
  'src/reporting/causes/sql/record-differences.sql': setBased,
  'src/reporting/causes/sql/rollup-changes.sql': setBased,
  'src/reporting/causes/sql/unusable-values.sql': setBased,
  'src/reporting/checks/offenders.ts': setBased,
  'src/reporting/explain/explain.ts': setBased,
  'src/reporting/explain/rollup-trace.ts': setBased,
  'src/reporting/explain/sql/traced-source.sql': setBased,
  'src/reporting/explain/trace.ts': setBased,
  'src/reporting/explain/traced-rows.ts': setBased,
  'src/reporting/publications/earlier-state.ts': setBased,
  'src/reporting/publications/publication-state.ts': copy,
  'src/reporting/publications/publication.ts': copy,
  'src/reporting/publications/sql/rows-at.sql': setBased,
  'src/reporting/publish/publish.ts': copy,
  'src/reporting/publish/publishable-builds.ts': setBased,
  'src/reporting/publish/report-catalog.ts': copy,
  'src/reporting/publish/retention.ts': setBased,
  'src/reporting/publish/sql/update-dictionary.sql': setBased,
  'src/source/drop/late-feed.ts': setBased,
  'src/source/ledger/file-ledger.ts': fence,
  'src/source/ledger/part-ledger.ts': fence,
  'src/source/ledger/reject-ledger.ts': copy,
  'src/source/load/load-discard.ts': copy,
  'src/source/load/load-finisher.ts': copy,
  'src/source/load/reject-replay.ts': setBased,
  'src/source/storage/disk-use.ts': setBased,
  'src/warehouse/clean/finish-clean.ts': setBased,
  'src/warehouse/clean/uncleaned-files.ts': setBased,
  'src/warehouse/corrections/reference-data.ts': copy,
  'src/warehouse/corrections/retirement.ts': copy,
  'src/warehouse/corrections/withdrawal.ts': copy,
  'src/warehouse/extract/entry-staging.ts': copy,
  'src/warehouse/extract/malformed-literals.ts': copy,
  'src/warehouse/extract/unusable-records.ts': setBased,
  'src/warehouse/history/close-missing-links.ts': setBased,
  'src/warehouse/history/merge-history.ts': setBased,
  'src/warehouse/rebuild/rebuild.ts': copy,
  'src/warehouse/tables/catalog.ts': setBased,
  'jobs/late-feeds.ts': setBased,
  'jobs/replay-rejects.ts': setBased,
  'jobs/schedule.ts': setBased,
  'jobs/stages/exclusive-stage.ts': fence,
};

/** Files whose reads and writes of single rows still have to move to `ledger()`; remove each once it has. */
const notYet: string[] = [];

const files: ProjectFile[] = ['src', 'jobs'].flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|sql)$/.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length))
    .filter((path) => !path.startsWith('src/database/client/'))
    .map((path) => ({ path, text: readFileSync(`${root}${path}`, 'utf8') })),
);

describe('SQL on ledger tables', () => {
  it('is only in the listed files, and every listed file needs it', () => {
    const unmoved = Object.fromEntries(notYet.map((path) => [path, 'not moved yet']));
    expect(ledgerSqlFaults(files, { ...mayContainSql, ...unmoved })).toEqual([]);
  });

  it('is listed once for each file', () => {
    expect(notYet.filter((path) => mayContainSql[path] !== undefined)).toEqual([]);
  });
});

describe('the search for SQL on ledger tables', () => {
  it.each([
    ['select * from support.run where id = $1', ['support.run']],
    ['insert into "support"."run_step" (id) values (1)', ['support.run_step']],
    ['update only source.file set state = $2', ['source.file']],
    ['select 1 from a\n  join reporting.publication p on true', ['reporting.publication']],
    ["sql`select 1 from `, ident('support', 'issue')", ['support.issue']],
    ['delete from source.part; delete from source.reject', ['source.part', 'source.reject']],
  ])('finds %j', (text, tables) => {
    expect(ledgerTablesIn({ path: 'src/a.ts', text })).toEqual(tables);
  });

  it.each([
    'select * from support.build_movies',
    'select * from support.running',
    'select * from source.src_ratings',
    '// reads from support.run\n',
    '/**\n * The rows from support.run.\n */',
    'rows.run.findMany()',
  ])('leaves %j alone', (text) => {
    expect(ledgerTablesIn({ path: 'src/a.ts', text })).toEqual([]);
  });

  it('reports a file that is not listed, and an entry that is no longer needed', () => {
    const file = { path: 'src/a.ts', text: 'select 1 from support.run' };
    expect(ledgerSqlFaults([file], { 'src/b.ts': setBased })).toEqual([
      'src/a.ts has SQL on support.run: use ledger(), or list it with a reason',
      'src/b.ts has no SQL on ledger tables: remove it from the list',
    ]);
  });
});
