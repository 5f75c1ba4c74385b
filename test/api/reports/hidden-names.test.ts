import { describe, expect, it } from 'vitest';
import { callerPolicies } from '../../../src/api/access/caller-policy.js';
import { accessReport, visibleColumn } from '../../../src/api/access/visible-report.js';
import type { Grouping } from '../../../src/api/contract/related-reports.js';
import type { ReportDescription } from '../../../src/api/contract/report-description.js';
import { groupedAccess } from '../../../src/api/reports/measures.js';
import { render } from '../../../src/database/sql.js';

const report: ReportDescription = {
  name: 'movie_genre_report',
  key: ['genre_id', 'movie_id'],
  columns: [
    { name: 'genre_id', type: 'int', nullable: false },
    { name: 'genre_name', type: 'text', nullable: true },
    { name: 'movie_id', type: 'int', nullable: false },
    { name: 'budget', type: 'numeric', nullable: true },
  ],
};
const [id, name] = report.columns;
const grouping: Grouping = {
  report,
  stem: 'MovieGenreReportGroup',
  keys: [
    { field: 'genreId', key: 'GENRE', column: id!, role: 'VALUE' },
    { field: 'genreName', key: 'GENRE', column: name!, role: 'NAME' },
  ],
  measures: [{ field: 'budget', column: 'budget', by: 'SUM' }],
};
const groupsOf = (columns: string[]) => {
  const policies = callerPolicies({ clients: { partner: { reports: { [report.name]: { columns } } } } }, [
    report,
  ]);
  const caller = { clientId: 'partner', subject: 's', scopes: new Set<never>(), tokenId: 't', expiresAt: 0 };
  return groupedAccess(accessReport(report, policies(caller)), grouping, ['GENRE'], null);
};

describe('groups of a client that cannot see the name of their key', () => {
  it('are those of the key, without the name', () => {
    const access = groupsOf(['genre_id', 'movie_id', 'budget']);
    expect([...access.columns.keys()]).toEqual(['genreId', 'budget']);
    expect(render(access.relation).text).not.toContain('genre_name');
    expect(() => visibleColumn(access, 'genreName')).toThrow('not allowed to read genreName');
  });

  it('have the name if the client can see it', () => {
    expect([...groupsOf(['genre_id', 'movie_id', 'genre_name']).columns.keys()]).toEqual([
      'genreId',
      'genreName',
    ]);
  });
});
