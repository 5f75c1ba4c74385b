import { csvRecord } from './csv-record.js';
import {
  type DropFolderOptions,
  type FeedFiller,
  refuseUnwritable,
  type SampleDrop,
  writeDropFolder,
} from './drop-folder.js';
import { planVegaDrops, type VegaPlan } from './vega-corrections.js';
import { readVegaFilms, type VegaFilm } from './vega-films.js';
import { VegaIds } from './vega-ids.js';
import { deltaRatings, fullRatings } from './vega-ratings.js';
import { creditsRecord, keywordsRecord, linksRecord, metadataRecord } from './vega-records.js';
import { brokenByNewline, type VendorFeed } from './vendor-feeds.js';

/**
 * The package's list is from autumn 2010 and contains three announced films: one for December 2010, one for 28 January
 * 2011, and one for December 2011. With December 2010 as the full drop, all films except the last two are released. By the
 * delta month, one of them is released without any change by the vendor, and the other is not.
 */
const FULL = { period: '2010-12', lastDay: '2010-12-31' };
const DELTA = { period: '2011-01', firstDay: '2011-01-01', lastDay: '2011-01-31' };

/**
 * Writes the real films of the npm package vega-datasets as two drops in the vendor's format, with the vendor's
 * irregularities: the full drop 2010-12 and the delta month 2011-01, which corrects it (vega-corrections.ts). The
 * distributor is used as production company, and the IMDB rating and votes as the vendor's votes. All ids are invented, and
 * what else the package does not contain is empty. The bytes are always the same.
 *
 * @returns the drops, in the order in which to load them
 * @throws Fault if a period's folder exists and `overwrite` is not set, or if the package's data is missing or different
 */
export async function writeVegaSample(options: DropFolderOptions): Promise<SampleDrop[]> {
  await refuseUnwritable(options, [FULL.period, DELTA.period]);
  const films = await readVegaFilms();
  const plan = planVegaDrops(films, FULL.lastDay);
  const ids = new VegaIds(films);
  return [
    await writeDropFolder(options, FULL.period, fullDrop(plan, ids)),
    await writeDropFolder(options, DELTA.period, deltaDrop(films, plan, ids)),
  ];
}

function fullDrop(plan: VegaPlan, ids: VegaIds): Record<VendorFeed, FeedFiller> {
  const repeated = plan.full.filter((film) => isRepeated(film));
  return {
    movies_metadata: async (file) => {
      for (const film of plan.full) {
        // If a film is repeated, the last record counts, so the first one has a slightly older popularity.
        const behind = isRepeated(film) ? (film.voteCount! - 1) / 1000 : undefined;
        const record = metadataRecord(film, ids, FULL.lastDay, behind);
        const pieces = film.index === plan.broken.index ? brokenByNewline(record) : [record];
        for (const piece of pieces) await file.append(csvRecord(piece), 1);
      }
      for (const film of repeated) await file.append(csvRecord(metadataRecord(film, ids, FULL.lastDay)), 1);
    },
    credits: recordsOf([...plan.full, ...repeated].map((film) => creditsRecord(film, ids))),
    keywords: recordsOf(plan.full.map((film) => keywordsRecord(film, ids))),
    links: recordsOf(plan.full.map((film) => linksRecord(film, linkInFull(film, plan)))),
    ratings: recordsOf(fullRatings(plan.full, FULL.lastDay)),
  };
}

function deltaDrop(films: readonly VegaFilm[], plan: VegaPlan, ids: VegaIds): Record<VendorFeed, FeedFiller> {
  const relinked = films.filter(
    (film) => plan.firstInDelta.has(film.index) || film === plan.mislinked || film === plan.linkedLate,
  );
  const mentioned = new Set(plan.delta.map((film) => film.index));
  const days = [DELTA.firstDay, DELTA.lastDay] as const;
  return {
    movies_metadata: recordsOf(plan.delta.map((film) => metadataRecord(film, ids, DELTA.lastDay))),
    credits: recordsOf(plan.delta.map((film) => creditsRecord(film, ids))),
    keywords: recordsOf(plan.delta.map((film) => keywordsRecord(film, ids))),
    links: recordsOf(relinked.map((film) => linksRecord(film, film))),
    ratings: recordsOf(deltaRatings(films, mentioned, plan.firstInDelta, days)),
  };
}

function recordsOf(records: readonly string[][]): FeedFiller {
  return async (file) => {
    for (const record of records) await file.append(csvRecord(record), 1);
  };
}

/** About ten films that the vendor sends twice, with different popularity. None of them is corrected later. */
function isRepeated(film: VegaFilm): boolean {
  return film.index % 311 === 7 && (film.voteCount ?? 0) > 1 && film.releaseDate < '2010-07-01';
}

/** The film that the full drop links a MovieLens id to: the same film, except for one mistake and about ten blanks. */
function linkInFull(film: VegaFilm, plan: VegaPlan): VegaFilm | null {
  if (film.index === plan.mislinked.index) return plan.linkedTo;
  return film.index === plan.linkedLate.index || film.index % 311 === 5 ? null : film;
}
