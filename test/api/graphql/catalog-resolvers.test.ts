import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';
import { publish } from '../scratch-publications.js';

let api: ScratchApi;
beforeAll(async () => {
  api = await startScratchApi();
  const { owner } = api.database;
  const key = ['movie_id'];
  await publish(owner, 1, 'movie_score_report', key, []);
  await publish(owner, 2, 'movie_score_report', key, [
    { update: { movie_id: 1 }, set: { movie_name: 'One', budget: '12345678901234567890.125' } },
    { delete: { movie_id: 3 } },
  ]);
  await owner.query(`insert into reporting.report_catalog values
    ('movie_score_report', 'Scores.', 'One row per film.', '{movie_id}', '{Which film is liked most?}', 2, 2, '2017-09-03T10:00:00Z')`);
  await owner.query(`insert into reporting.data_dictionary values
    ('reporting', 'movie_score_report', 'movie_score', 7, 'numeric', 'points of ten', 'The score.', 'both votes'),
    ('warehouse', 'movies', 'title', 3, 'text', null, 'The title.', null)`);
});
afterAll(() => api?.close());

describe('the data dictionary', () => {
  it.each(['schema', 'table'])('refuses a NUL character in %s', async (argument) => {
    const { status, body } = await api.query(
      `query ($name: String) { dataDictionary(${argument}: $name) { tableName } }`,
      {
        name: 'a\0',
      },
    );
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    expect(body.errors[0].message).toContain(`${argument} contains a NUL character`);
  });
});

describe('the catalog', () => {
  it('lists the publications, by default the newest last', async () => {
    const { body } = await api.query(`{
      publications { nodes { number publishedDate asOfDay period reason checkState mappingVersion restores } }
      newest: publications(orderBy: [{ field: NUMBER, direction: DESC }], first: 1) { nodes { number changes } totalCount }
      since: publications(filter: { publishedDate: { gte: "2017-09-03T00:00:00Z" } }) { nodes { number } }
    }`);
    expect(body.data.publications.nodes).toEqual([
      expect.objectContaining({ number: 1 }),
      {
        number: 2,
        publishedDate: '2017-09-03T10:00:00.5Z',
        asOfDay: '2017-08-31',
        period: '2017-08',
        reason: 'load',
        checkState: 'passed',
        mappingVersion: 1,
        restores: null,
      },
    ]);
    expect(body.data.newest).toEqual({
      nodes: [{ number: 2, changes: { movie_score_report: { inserted: 0, updated: 1, deleted: 1 } } }],
      totalCount: 2,
    });
    expect(body.data.since.nodes).toEqual([{ number: 2 }]);
  });

  it('returns one publication, by default the current one, and null for an unknown number', async () => {
    const { body } = await api.query(
      '{ publication { number } one: publication(number: 1) { number } none: publication(number: 9) { number } }',
    );
    expect(body.data).toEqual({ publication: { number: 2 }, one: { number: 1 }, none: null });
  });

  it('lists the changed cells and rows with their causes', async () => {
    const { body } = await api.query(`{
      reportChanges(filter: { report: { eq: "movie_score_report" }, publication: { eq: 2 } }) {
        nodes { rowKey change columnName oldValue newValue cause }
        totalCount
      }
    }`);
    const cause = [{ kind: 'test' }];
    const { nodes, totalCount } = body.data.reportChanges;
    expect(totalCount).toBe(3);
    expect(nodes.slice(0, 2)).toEqual([
      {
        rowKey: { movie_id: 1 },
        change: 'update',
        columnName: 'movie_name',
        oldValue: 'First',
        newValue: 'One',
        cause,
      },
      {
        rowKey: { movie_id: 1 },
        change: 'update',
        columnName: 'budget',
        oldValue: '30000000',
        newValue: '12345678901234567890.125',
        cause,
      },
    ]);
    expect(nodes[2]).toMatchObject({
      rowKey: { movie_id: 3 },
      change: 'delete',
      columnName: null,
      newValue: null,
    });
    expect(JSON.parse(nodes[2].oldValue)).toMatchObject({ movie_id: 3, movie_name: null });
  });

  it('lists the reports with the publication that last changed them', async () => {
    const { body } = await api.query(
      '{ reports { name query grain keyFields fields questions rowCount publication changedDate } }',
    );
    expect(body.data.reports).toEqual([
      {
        name: 'movie_score_report',
        query: 'movieScoreReport',
        grain: 'One row per film.',
        keyFields: ['movieId'],
        fields: expect.arrayContaining(['movieId', 'movieScore', 'sourceRecord']),
        questions: ['Which film is liked most?'],
        rowCount: 2,
        publication: 2,
        changedDate: '2017-09-03T10:00:00Z',
      },
    ]);
  });

  it('describes every column in the data dictionary', async () => {
    const { body } = await api.query(`{
      dataDictionary { tableName columnName }
      one: dataDictionary(schema: "reporting", table: "movie_score_report") { position dataType unit description origin }
    }`);
    expect(body.data.dataDictionary).toHaveLength(2);
    expect(body.data.one).toEqual([
      {
        position: 7,
        dataType: 'numeric',
        unit: 'points of ten',
        description: 'The score.',
        origin: 'both votes',
      },
    ]);
  });
});
