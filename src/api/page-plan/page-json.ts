import { cursorOf, orderMark } from '../reports/cursor.js';
import type { ReportQuery } from '../reports/page.js';
import type { CompiledPage, Entry } from './page-plan.js';

/** Between rows: JSON writes a newline within a value in another way. */
export const ROW_SEPARATOR = ',\n';

/** The value of `data` as JSON, and the publication it stems from: 0 before the first. */
export interface PageText {
  readonly data: string;
  readonly publication: number;
}

/** Writes the answer from the one row of a page's statement. */
export function writePage(page: CompiledPage, query: ReportQuery, row: readonly unknown[]): PageText {
  const [publication, total, previous, count, ...texts] = row as [
    number,
    number | null,
    boolean,
    number,
    ...(string | null)[],
  ];
  const more = count > query.size;
  const rowCount = Math.min(count, query.size);
  /** The rows of a shape, joined; the one beyond the page is cut off. */
  const rowsOf = (shape: number): string => {
    const text = texts[shape] ?? '';
    if (rowCount === 0) return '';
    return more ? text.slice(0, text.lastIndexOf(ROW_SEPARATOR)) : text;
  };
  const splitRows = (shape: number) => (rowCount === 0 ? [] : rowsOf(shape).split(ROW_SEPARATOR));
  const mark = page.wantsCursors ? orderMark(query.access.report.name, query.steps) : '';
  const places = page.wantsCursors ? splitRows(page.rowShapes.length) : [];
  const cursor = (place: string | undefined) =>
    place === undefined ? 'null' : JSON.stringify(cursorOf(mark, JSON.parse(place)));
  let shape = 0;

  const pageInfo = (name: string): string => {
    switch (name) {
      case 'hasNextPage':
        return String(more);
      case 'hasPreviousPage':
        return String(rowCount > 0 && previous);
      case 'startCursor':
        return cursor(places[0]);
      default:
        return cursor(places.at(-1));
    }
  };
  const edges = (below: readonly Entry[]): string => {
    const parts = below.map(({ name }) => {
      if (name === 'cursor') return places.map(cursor);
      shape += 1;
      return splitRows(shape - 1);
    });
    const rows = Array.from({ length: rowCount }, (_, row) => {
      const fields = below.map(({ key }, part) => `${JSON.stringify(key)}:${parts[part]![row]}`);
      return `{${fields.join(',')}}`;
    });
    return rows.join(',');
  };
  const connection = page.entries.map(({ key, name, below }) => {
    const label = JSON.stringify(key);
    switch (name) {
      case 'totalCount':
        return `${label}:${total}`;
      case 'pageInfo':
        return `${label}:{${below.map((each) => `${JSON.stringify(each.key)}:${pageInfo(each.name)}`).join(',')}}`;
      case 'nodes':
        shape += 1;
        return `${label}:[${rowsOf(shape - 1)}]`;
      default:
        return `${label}:[${edges(below)}]`;
    }
  });
  const key = (page.node.alias ?? page.node.name).value;
  return { data: `{${JSON.stringify(key)}:{${connection.join(',')}}}`, publication };
}
