import { Draw, mix, seedOf } from './draw.js';
import { pythonRepr } from './python-repr.js';
import type { FilmIds, FilmVersion } from './synthetic-films.js';
import { CREW_JOBS } from './synthetic-words.js';
import { drawPerson, firstNameOf, lastNameOf, personId, picturePath } from './synthetic-world.js';

const CAST = 11;
const CREW = 12;
/** Roles without a proper name. The one with a nickname has quotes that Python does not escape and CSV doubles. */
const ROLES = [
  'Himself',
  'Doctor (voice)',
  'Jack "Ace" Reed',
  "The King's Guard",
  'Townsperson (uncredited)',
].map((role) => doubled(pythonRepr(role)));
const JOBS = CREW_JOBS.map((names) => names.map((name) => doubled(pythonRepr(name))) as [string, string]);

/**
 * A synthetic credits record as a CSV line. Because there are 200 MB of them, the text is concatenated directly from parts
 * as Python and CSV would write them, which is ten times as fast as writing dictionaries. A later revision renames the
 * leading role.
 */
export function creditsLine(film: FilmVersion, ids: FilmIds): string {
  return `${quotedList(castOf(film))},${quotedList(crewOf(film))},${ids.tmdb(film.index)}\n`;
}

function castOf({ seed, index, revision }: FilmVersion): string[] {
  const draw = new Draw(seedOf(seed, CAST, index));
  const count = draw.chance(0.05) ? 0 : creditCount(draw, 12.9);
  const members: string[] = [];
  for (let order = 0; order < count; order += 1) {
    const person = drawPerson(draw);
    const role = order === 0 ? roleOf(draw.uint32() + revision) : roleOf(draw.uint32());
    members.push(
      `{'cast_id': ${order + 1}, 'character': ${role}, 'credit_id': '${creditId(seed, index, CAST, order)}', ` +
        `'gender': ${person % 3}, 'id': ${personId(person)}, 'name': ${nameRepr(person)}, ` +
        `'order': ${order}, 'profile_path': ${profileRepr(person)}}`,
    );
  }
  return members;
}

function crewOf({ seed, index }: FilmVersion): string[] {
  const draw = new Draw(seedOf(seed, CREW, index));
  const count = draw.chance(0.017) ? 0 : creditCount(draw, 10.8);
  const members: string[] = [];
  for (let order = 0; order < count; order += 1) {
    const person = drawPerson(draw);
    const [department, job] = JOBS[order < 4 ? order : draw.below(JOBS.length)]!;
    members.push(
      `{'credit_id': '${creditId(seed, index, CREW, order)}', 'department': ${department}, ` +
        `'gender': ${person % 3}, 'id': ${personId(person)}, 'job': ${job}, 'name': ${nameRepr(person)}, ` +
        `'profile_path': ${profileRepr(person)}}`,
    );
  }
  return members;
}

/** At least one, about `mean` on average. One film in a few thousand has well over a hundred. */
function creditCount(draw: Draw, mean: number): number {
  const few = -Math.log(1 - draw.fraction()) * mean;
  return Math.max(1, Math.round(draw.chance(0.01) ? few * 3 : few * 0.98));
}

function roleOf(bits: number): string {
  if ((bits & 7) === 0) return ROLES[(bits >>> 3) % ROLES.length]!;
  return (bits & 7) < 3 ? `'${firstNameOf(bits >>> 3)}'` : nameRepr(bits >>> 3);
}

/** First names contain no quotes, last names at most an apostrophe. */
function nameRepr(person: number): string {
  const last = lastNameOf(person);
  const quote = last.includes("'") ? '""' : "'";
  return `${quote}${firstNameOf(person)} ${last}${quote}`;
}

function profileRepr(person: number): string {
  return (person & 3) < 2 ? `'${picturePath(person)}'` : 'None';
}

/** `mix` is injective, so different films and places have different ids. */
function creditId(seed: number, index: number, kind: number, place: number): string {
  return hex(mix(index)) + hex(mix(seed)) + hex(mix(kind * 0x1_0000 + place));
}

function hex(bits: number): string {
  return bits.toString(16).padStart(8, '0');
}

/** A credit has several keys, so a non-empty list contains commas and is quoted. */
function quotedList(items: readonly string[]): string {
  return items.length === 0 ? '[]' : `"[${items.join(', ')}]"`;
}

function doubled(text: string): string {
  return text.replaceAll('"', '""');
}
