import { type Draw, mix } from './draw.js';
import { COMPANY_ENDINGS, FIRST_NAMES, LAST_NAMES, TEXT_WORDS } from './synthetic-words.js';

/** Number of companies, keywords, people and collections in the real data set, which has 45,000 films. */
const COMPANIES = 23_500;
const KEYWORDS = 20_000;
const PEOPLE = 320_000;
const COLLECTIONS = 1_700;

/** An entity with an id and a name, the same wherever it occurs. */
export interface Named {
  readonly id: number;
  readonly name: string;
}

/** A company. A few make many films, most make one. */
export function drawCompany(draw: Draw): Named {
  const number = skewed(draw, COMPANIES, 3);
  const first = LAST_NAMES[number % LAST_NAMES.length]!;
  const second = FIRST_NAMES[mix(number) % FIRST_NAMES.length]!;
  return { id: number + 1, name: `${first} ${second} ${COMPANY_ENDINGS[number % COMPANY_ENDINGS.length]}` };
}

export function drawKeyword(draw: Draw): Named {
  const number = skewed(draw, KEYWORDS, 2);
  const [first, second] = [mix(number) % TEXT_WORDS.length, number % TEXT_WORDS.length];
  return { id: 30 + number * 11, name: `${TEXT_WORDS[first]} ${TEXT_WORDS[second]}` };
}

export function drawCollection(draw: Draw): Named {
  const number = draw.below(COLLECTIONS);
  return {
    id: 10 + number * 250,
    name: `${capital(TEXT_WORDS[mix(number) % TEXT_WORDS.length]!)} Collection`,
  };
}

/** The number of a person; see `personId` and `personName`. */
export function drawPerson(draw: Draw): number {
  return skewed(draw, PEOPLE, 1.7);
}

export function personId(person: number): number {
  return 1 + person * 6;
}

export function firstNameOf(person: number): string {
  return FIRST_NAMES[person % FIRST_NAMES.length]!;
}

export function lastNameOf(person: number): string {
  return LAST_NAMES[mix(person) % LAST_NAMES.length]!;
}

/** The path of an image in the vendor's format: 27 letters and digits. */
export function picturePath(number: number): string {
  const start = mix(number) % (PATH_LETTERS.length - 27);
  return `/${PATH_LETTERS.slice(start, start + 27)}.jpg`;
}

const PATH_LETTERS = Array.from(
  { length: 65_536 },
  (_, place) => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'[mix(place + 1) % 62],
).join('');

/** Sentences with about the given number of characters. */
export function drawText(draw: Draw, characters: number): string {
  let text = capital(draw.of(TEXT_WORDS));
  while (text.length < characters) {
    const word = draw.of(TEXT_WORDS);
    const mark = draw.uint32() & 63;
    if (mark < 4) text += `. ${capital(word)}`;
    else if (mark < 7) text += `, ${word}`;
    else if (mark < 8) text += ` "${word}"`;
    else text += ` ${word}`;
  }
  return `${text}.`;
}

/** A title of one to four words. */
export function drawTitle(draw: Draw): string {
  const count = 1 + draw.below(4);
  return Array.from({ length: count }, () => capital(draw.of(TEXT_WORDS))).join(' ');
}

/** 0 to `end - 1`. The higher the power, the more frequent are low numbers. */
function skewed(draw: Draw, end: number, power: number): number {
  return Math.floor(end * draw.fraction() ** power);
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
