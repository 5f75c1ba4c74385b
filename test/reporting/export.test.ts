import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { exportReport } from '../../src/reporting/export.js';
import { useDatabase } from '../database-fixture.js';
import { report } from './publish-reports.js';
import { reportOf } from './report-of.js';

describe('exporting a report', () => {
  const database = useDatabase();

  async function exported(name: string, format: 'csv' | 'json'): Promise<string> {
    const client = await database.pools.reader.connect();
    try {
      return await text(exportReport(client, report(name), format));
    } finally {
      client.release();
    }
  }

  it('writes CSV in the order of the key, with a header and empty fields for the unknown', async () => {
    await reportOf(database, 'movie_genre_report', { title: 'Say "Hi",\nHo', budget: 30 }, { genres: [12] });
    expect(await exported('movie_genre_report', 'csv')).toBe(
      'genre_id,genre_name,movie_id,movie_name,budget,revenue,profit,release_date,source_file,source_record\n' +
        '12,Genre 12,2,Film 2,,,,1995-10-30,movies_metadata.csv,2\n' +
        '16,Animation,1,"Say ""Hi"",\nHo",30,,,1995-10-30,movies_metadata.csv,1\n',
    );
  });

  it('writes JSON that holds every text and every digit', async () => {
    const title = 'Say "Hi",\nHo \\ \u0001\u0002 Ä';
    await reportOf(database, 'movie_genre_report', { title, budget: '12345678901234567890.5' });
    const json = await exported('movie_genre_report', 'json');
    expect(json).toContain('"budget":12345678901234567890.5,');
    expect(JSON.parse(json)).toMatchObject([
      { movie_name: title, release_date: '1995-10-30', revenue: null },
    ]);
  });

  it('writes an empty JSON array for an empty report', async () => {
    await reportOf(database, 'movie_genre_report');
    expect(JSON.parse(await exported('movie_genre_report', 'json'))).toEqual([]);
  });

  it('writes one JSON object per row however the bytes are cut', async () => {
    const films = Array.from({ length: 400 }, (_, place) => ({ title: 'x'.repeat(place), genres: [16, 18] }));
    await reportOf(database, 'movie_genre_report', ...films);
    expect(JSON.parse(await exported('movie_genre_report', 'json'))).toHaveLength(800);
  });
});
