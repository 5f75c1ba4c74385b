/**
 * The vocabulary of the synthetic drops. Chosen for its characters, not its meaning: apostrophes, double quotes, commas,
 * accents and other scripts are about as frequent as in the vendor's files.
 */
export const FIRST_NAMES = words(
  'Ada Agnès Ahmed Akira Alan Amélie Ana André Ben Björn Carla Chen Clara Daniel Diego Edith Elena Emil Fatima Finn',
  'Françoise Gael George Hana Henry Ines Ivan Jane João Joan Karim Lars Lena Leo Li Lucía Maria Mark Mira Naoko Nils',
  'Olga Omar Paul Pilar Quinn Rosa Ruth Sam Sara Søren Tara Tom Uma Victor Wanda Wei Yusuf Zoë Zora',
);

export const LAST_NAMES = words(
  "Abbott Almeida Baker Bauer Bell Berg Borges Brown Calder Castro Chan D'Angelo Dahl Davis Díaz Eastman Fischer Ford",
  'Fox García Grant Hall Hara Hill Ibsen Ivanov Jansen Jones Kaya Khan King Kovács Lang Lee Lopez Lund Marsh Méndez',
  "Moreau Müller Nakamura Nolan Novak O'Brien O'Hara Okafor Olsen Park Petrov Price Quist Reed Rossi Sato Schmidt Shaw",
  'Silva Smith Stone Sørensen Takeda Torres Turner Usman Vance Vega Wagner Walsh Wolf Wong Wright Yamada Young Zhang',
);

export const TEXT_WORDS = words(
  'a a a the the the the the of of of and and and to to in in is his her with on for who from by an as he she their that',
  'at when after into young man woman life family father mother son daughter friend city town house night day summer war',
  'love death story secret stranger journey mystery past future world island river mountain detective teacher soldier',
  'writer singer thief doctor village school train letter promise murder revenge dream memory silence winter ocean border',
  'finds falls returns discovers must fights leaves begins tries becomes meets learns loses escapes travels hides unlikely',
  "old new last first small dangerous forgotten hidden don't can't father's “home” café naïve Zürich 東京 – however",
);

export const COMPANY_ENDINGS = [
  'Pictures',
  'Films',
  'Productions',
  'Entertainment',
  "Filmmakers' Union",
  'Télévision',
];

export const GENRES: readonly (readonly [id: number, name: string])[] = [
  [18, 'Drama'],
  [35, 'Comedy'],
  [53, 'Thriller'],
  [10749, 'Romance'],
  [28, 'Action'],
  [27, 'Horror'],
  [80, 'Crime'],
  [99, 'Documentary'],
  [12, 'Adventure'],
  [878, 'Science Fiction'],
  [10751, 'Family'],
  [9648, 'Mystery'],
  [14, 'Fantasy'],
  [16, 'Animation'],
  [10769, 'Foreign'],
  [10402, 'Music'],
  [36, 'History'],
  [10752, 'War'],
  [37, 'Western'],
  [10770, 'TV Movie'],
];

/** The codes at the end are sent by the vendor, but not part of ISO 3166-1. */
export const COUNTRIES: readonly (readonly [code: string, name: string])[] = [
  ['US', 'United States of America'],
  ['GB', 'United Kingdom'],
  ['FR', 'France'],
  ['DE', 'Germany'],
  ['IT', 'Italy'],
  ['CA', 'Canada'],
  ['JP', 'Japan'],
  ['ES', 'Spain'],
  ['RU', 'Russia'],
  ['IN', 'India'],
  ['HK', 'Hong Kong'],
  ['SE', 'Sweden'],
  ['AU', 'Australia'],
  ['KR', 'South Korea'],
  ['CI', "Cote D'Ivoire"],
  ['BR', 'Brazil'],
  ['SU', 'Soviet Union'],
  ['YU', 'Yugoslavia'],
  ['XC', 'Czechoslovakia'],
];

/** The codes at the end are sent by the vendor, but not part of ISO 639-1. */
export const LANGUAGES: readonly (readonly [code: string, name: string])[] = [
  ['en', 'English'],
  ['fr', 'Français'],
  ['it', 'Italiano'],
  ['ja', '日本語'],
  ['de', 'Deutsch'],
  ['es', 'Español'],
  ['ru', 'Pусский'],
  ['hi', 'हिन्दी'],
  ['ko', '한국어/조선말'],
  ['ar', 'العربية'],
  ['pt', 'Português'],
  ['sv', 'svenska'],
  ['cn', '广州话 / 廣州話'],
  ['sh', ''],
  ['xx', 'No Language'],
];

export const CREW_JOBS: readonly (readonly [department: string, job: string])[] = [
  ['Directing', 'Director'],
  ['Writing', 'Screenplay'],
  ['Production', 'Producer'],
  ['Camera', 'Director of Photography'],
  ['Editing', 'Editor'],
  ['Sound', 'Original Music Composer'],
  ['Production', 'Executive Producer'],
  ['Art', 'Production Design'],
  ['Costume & Make-Up', 'Costume Design'],
  ['Production', 'Casting'],
  ['Art', 'Set Decoration'],
  ['Writing', 'Writer'],
  ['Sound', 'Sound Re-Recording Mixer'],
  ['Visual Effects', 'Animation'],
  ['Crew', 'Stunts'],
  ['Lighting', 'Gaffer'],
];

function words(...lines: readonly string[]): readonly string[] {
  return lines.join(' ').split(' ');
}
