import { beforeAll, describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { rebuildReportsFlow } from '../../jobs/report-flows.js';
import { movies } from '../../src/dataset/movies.js';
import { readSteps } from '../../src/queue/ledger/step-ledger.js';
import { sorted } from '../oracle/compare.js';
import { type FilmRules, filmRules } from '../oracle/films.js';
import { Fraction } from '../oracle/fraction.js';
import { oracleReports } from '../oracle/oracle.js';
import { readDrops } from '../oracle/read-drops.js';
import { changesNotExplained } from '../reporting/causes/sums-of-causes.js';
import { useEditedRelations } from '../reporting/edited-relations.js';
import { exportedRows } from '../reporting/publish-reports.js';
import { film, usePipeline } from './pipeline.js';

const relations = useEditedRelations();
const pipeline = usePipeline({}, { dataSet: { ...movies, reports: relations.definitions } });
const by = { requestedBy: 'test' };

/** The rule of profit, each in one expression of one file. */
const variants: [rule: string, FilmRules['profit']][] = [
  ['known_revenue / 2 - known_budget', (revenue, budget) => revenue.over(Fraction.of(2)).minus(budget)],
  [
    'case when known_revenue >= 1000 then known_revenue - known_budget end',
    (revenue, budget) => (revenue.compare(Fraction.of(1000)) < 0 ? null : revenue.minus(budget)),
  ],
  [
    'known_revenue - known_budget * 1.1',
    (revenue, budget) => revenue.minus(budget.times(Fraction.parse('1.1')!)),
  ],
];

const companies = (...ids: number[]) =>
  `[${ids.map((id) => `{'name': 'Company ${id}', 'id': ${id}}`).join(', ')}]`;
const films = [
  film('1', { budget: '30', revenue: '373554033', production_companies: companies(3) }),
  film('2', { budget: '65000001', revenue: '262797249', production_companies: companies(3, 4, 5) }),
  film('3', { budget: '7', revenue: '999', production_companies: companies(4) }),
  film('4', { budget: '0', revenue: '81452156', production_companies: companies(4, 5) }),
  film('5', {
    budget: '16000000',
    revenue: '1000',
    release_date: '1996-02-16',
    production_companies: companies(5),
  }),
  film('6', { budget: '12', revenue: '24', status: 'Post Production', production_companies: companies(3) }),
];

describe('a rule that was changed in the file of a relation', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await pipeline.writeDrop('2017-08', { movies_metadata: films });
    await pipeline.ended(await pipeline.worker.runs.start(dropFlow, { folder, period: '2017-08' }, by));
  });

  /** The reports in which what is published does not follow from the rules. */
  async function wrongReports(rules: Partial<FilmRules>): Promise<string[]> {
    const expected = oracleReports({
      ...readDrops([{ period: '2017-08', folder }]),
      rules: { ...filmRules, ...rules },
    });
    const wrong = [];
    for (const { name } of relations.definitions) {
      const published = sorted(await exportedRows(pipeline.database.pools.reader, name));
      if (JSON.stringify(published) !== JSON.stringify(sorted(expected[name]!))) wrong.push(name);
    }
    return wrong;
  }

  async function rebuild() {
    const run = await pipeline.ended(await pipeline.worker.runs.start(rebuildReportsFlow, {}, by));
    expect(run).toMatchObject({ state: 'succeeded', counts: { published: true } });
    return run;
  }

  /** Each of the causes of a publication, without amounts, once per report. */
  async function causesOf(publication: number | null) {
    const { rows } = await pipeline.database.pools.reader.query<{ cause: string }>(
      `select distinct report || ': ' || (cause - 'amounts')::text as cause
       from reporting.report_change cross join lateral jsonb_array_elements(cause) as cause
       where publication = $1`,
      [publication],
    );
    return rows.map(({ cause }) => cause);
  }

  it.each(variants)('is published by a rebuild: profit is %s', async (rule, profit) => {
    relations.edit('films_with_money', 'known_revenue - known_budget', rule);
    expect(await wrongReports({ profit })).toHaveLength(6);
    const { id, publication } = await rebuild();
    expect(await wrongReports({ profit })).toEqual([]);
    const steps = await readSteps(pipeline.database.pools.pipeline, id);
    expect(new Set(steps.map(({ queue }) => queue))).toEqual(new Set(['turn', 'report']));
    const causes = await causesOf(publication);
    expect(causes.length).toBeGreaterThan(0);
    expect(causes.filter((cause) => !cause.includes('"relation": "films_with_money"'))).toEqual([]);
    expect(await changesNotExplained(pipeline.database.pools.pipeline, publication!)).toEqual([]);
  });

  it('is what a rebuild from source is compared with', async () => {
    const { run } = await pipeline.worker.runs.start(verifyWarehouseFlow, {}, by);
    expect(await pipeline.ended({ run })).toMatchObject({ state: 'succeeded', counts: { differences: 0 } });
    const steps = await readSteps(pipeline.database.pools.pipeline, run.id);
    expect(steps.find(({ jobName }) => jobName === 'compare-reports')!.counts).toMatchObject({
      compared: true,
    });
  });

  it('holds for the checks, too: another status counts as released', async () => {
    relations.reset();
    await rebuild();
    relations.edit('film_releases', `('Released', '')`, `('Released', '', 'Post Production')`);
    const { publication } = await rebuild();
    expect(await wrongReports({ releasedStatuses: ['Released', '', 'Post Production'] })).toEqual([]);
    const causes = await causesOf(publication);
    expect(causes.filter((cause) => !cause.includes('"relation": "film_releases"'))).toEqual([]);
    expect(causes.map((cause) => cause.split(':')[0]).sort()).toContain('genre_report');
    expect(causes.filter((cause) => cause.startsWith('movie_'))).toEqual([]);
  });
});
