/** The result of the benchmark. MB are 10^6 bytes; `bare` is one COPY into an existing table. */
export interface Figures {
  readonly scale: number;
  readonly feeds: readonly FeedFigures[];
  readonly drop: DropFigures;
}

/** One file, loaded alone. */
interface FeedFigures {
  readonly feed: string;
  readonly records: number;
  readonly megabytes: number;
  readonly scanner_mb_s: number;
  readonly load_seconds: number;
  readonly bare_seconds: number;
  /** The same into a table created in the same transaction, which Postgres does not log. */
  readonly bare_unlogged_seconds: number;
  /** Time of the load divided by that of the bare COPY. */
  readonly ratio: number;
}

/** All files, loaded in parallel as workers do. */
interface DropFigures {
  readonly records: number;
  readonly megabytes: number;
  readonly load_seconds: number;
  readonly bare_seconds: number;
  readonly bare_unlogged_seconds: number;
  readonly ratio: number;
  readonly ratio_file_by_file: number;
  /** Time to load all ratings divided by the time to load a tenth of them. */
  readonly tenfold_ratings_ratio: number;
  readonly records_s: number;
  readonly mb_s: number;
  /** Of this process, which created, copied, scanned and loaded the drop. */
  readonly peak_rss_megabytes: number;
}

/** The figures as a text table. */
export function printFigures({ scale, feeds, drop }: Figures): string {
  const columns = ['feed', 'records', 'MB', 'scan MB/s', 'load s', 'bare s', 'unlogged s', 'ratio'];
  const rows = feeds.map((feed) => [
    feed.feed,
    String(feed.records),
    feed.megabytes.toFixed(1),
    feed.scanner_mb_s.toFixed(0),
    feed.load_seconds.toFixed(2),
    feed.bare_seconds.toFixed(2),
    feed.bare_unlogged_seconds.toFixed(2),
    feed.ratio.toFixed(2),
  ]);
  rows.push([
    'whole drop',
    String(drop.records),
    drop.megabytes.toFixed(1),
    '',
    drop.load_seconds.toFixed(2),
    drop.bare_seconds.toFixed(2),
    drop.bare_unlogged_seconds.toFixed(2),
    drop.ratio.toFixed(2),
  ]);
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!)))
      .join('  ');
  return [
    `Scale ${scale}. Ratio: time of the load divided by that of a bare COPY over one connection.`,
    line(columns),
    ...rows.map(line),
    `${Math.round(drop.records_s)} records/s, ${drop.mb_s.toFixed(1)} MB/s, peak resident ${drop.peak_rss_megabytes.toFixed(0)} MB; file by file ${drop.ratio_file_by_file.toFixed(2)}; ten times the ratings take ${drop.tenfold_ratings_ratio.toFixed(1)} times as long`,
    '',
  ].join('\n');
}
