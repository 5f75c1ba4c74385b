import { cursorOf, orderMark } from '../reports/cursor.js';
import type { ReportQuery } from '../reports/page.js';
import type { CompiledPage, Entry } from './page-plan.js';

/** Separates rows. It cannot occur in a row, since JSON escapes newlines in values. */
export const ROW_SEPARATOR = ',\n';

/** The value of `data` as JSON, and the number of the publication it comes from, 0 before the first one. */
export interface PageText {
  readonly data: string;
  readonly publication: number;
}

/** Writes the response from the one row that the statement of a page returns. */
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
  /** The joined rows of a shape, without the extra row that shows whether there are more. */
  const rowsOf = (shape: number): string => {
    const text = texts[shape] ?? '';
    if (rowCount === 0) return '';
    return more ? text.slice(0, text.lastIndexOf(ROW_SEPARATOR)) : text;
  };
  const splitRows = (shape: number) => (rowCount === 0 ? [] : rowsOf(shape).split(ROW_SEPARATOR));
  const mark = page.wantsCursors ? orderMark(query.access.report.name, query.steps) : '';
  const positions = page.wantsCursors ? splitRows(page.rowShapes.length) : [];
  const cursor = (position: string | undefined) =>
    position === undefined ? 'null' : JSON.stringify(cursorOf(mark, JSON.parse(position)));
  let shape = 0;

  const pageInfo = (name: string): string => {
    switch (name) {
      case 'hasNextPage':
        return String(more);
      case 'hasPreviousPage':
        return String(rowCount > 0 && previous);
      case 'startCursor':
        return cursor(positions[0]);
      default:
        return cursor(positions.at(-1));
    }
  };
  const edges = (below: readonly Entry[]): string => {
    const parts = below.map(({ name }) => {
      if (name === 'cursor') return positions.map(cursor);
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
