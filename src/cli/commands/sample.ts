import { writeSyntheticSample } from '../../dataset/sample/synthetic-sample.js';
import { writeVegaSample } from '../../dataset/sample/vega-sample.js';
import { Fault } from '../../fault.js';
import { printResult } from '../output/print-result.js';
import { progress } from '../output/terminal.js';
import { count } from '../output/text-format.js';

/** Ratings per film in the real data set; the default for a synthetic sample. */
const ratingsPerFilm = 26_000_000 / 45_000;

/** `marquee sample`: writes drops in the vendor's format. */
export async function sample(options: {
  out: string;
  movies?: number;
  ratings?: number;
  seed?: number;
  delta?: number;
  overwrite?: boolean;
  json?: boolean;
}): Promise<void> {
  const { out: outDir, overwrite } = options;
  const onProgress = (made: { period: string; feed: string; records: number; done: boolean }) => {
    if (made.done) {
      progress(`  wrote ${made.period} ${made.feed.padEnd(16)} ${count(made.records)} records`);
    }
  };
  if (options.movies === undefined && (options.ratings ?? options.seed ?? options.delta) !== undefined) {
    throw new Fault(
      'sample_movies_missing',
      'The sample of real films has a fixed size. Give --movies N for a synthetic one.',
    );
  }
  const drops =
    options.movies === undefined
      ? await writeVegaSample({ outDir, overwrite, onProgress })
      : await writeSyntheticSample({
          outDir,
          overwrite,
          onProgress,
          movies: options.movies,
          ratings: options.ratings ?? Math.round(options.movies * ratingsPerFilm),
          seed: options.seed,
          deltaShare: options.delta,
        });
  printResult(
    options,
    drops,
    drops.map(({ dir }) => dir),
  );
}
