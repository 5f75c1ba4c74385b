/** One nested column of a record, written both ways. */
export interface BothForms {
  readonly literal: string;
  readonly json: string;
}

type Scalar = string | number | null;

const SYLLABLES = [
  'an',
  'be',
  'cor',
  'dal',
  'el',
  'fi',
  'gra',
  'ho',
  'in',
  'jo',
  'ka',
  'lu',
  'mé',
  'no',
  'ør',
  'ri',
];
const JOBS = ['Director', 'Screenplay', 'Producer', 'Editor', 'Original Music Composer', 'Costume Design'];
const DEPARTMENTS = ['Directing', 'Writing', 'Production', 'Editing', 'Sound', 'Costume & Make-Up'];

/**
 * Records of credits with about `bytes` of literal text; the same number gives the same records. As in the real files, a
 * record has a dozen credits of each kind, one in two hundred texts contains quotes (and is written with the other quote or
 * an escape), and one in four paths is missing.
 */
export function makeCredits(bytes: number): { cast: BothForms; crew: BothForms }[] {
  const random = seeded(20170801);
  const below = (bound: number) => Math.floor(random() * bound);
  const word = () => {
    let text = '';
    for (let n = 2 + below(2); n > 0; n--) text += SYLLABLES[below(SYLLABLES.length)];
    return text[0]!.toUpperCase() + text.slice(1);
  };
  const name = () => {
    const odd = below(200);
    return odd === 0
      ? `${word()} O'${word()}`
      : odd === 1
        ? `${word()} "${word()}'s" ${word()}`
        : `${word()} ${word()}`;
  };
  const hex = () => Array.from({ length: 24 }, () => below(16).toString(16)).join('');
  const path = () => (below(4) === 0 ? null : `/${hex()}${word().normalize('NFD').replace(/\W/g, '')}.jpg`);

  const records: { cast: BothForms; crew: BothForms }[] = [];
  for (let made = 0; made < bytes; ) {
    const cast = Array.from({ length: below(26) }, (_, order): [string, Scalar][] => [
      ['cast_id', below(100)],
      ['character', below(3) === 0 ? `${name()} (voice)` : name()],
      ['credit_id', hex()],
      ['gender', below(3)],
      ['id', below(1_900_000)],
      ['name', name()],
      ['order', order],
      ['profile_path', path()],
    ]);
    const crew = Array.from({ length: below(22) }, (): [string, Scalar][] => {
      const job = below(JOBS.length);
      return [
        ['credit_id', hex()],
        ['department', DEPARTMENTS[job]!],
        ['gender', below(3)],
        ['id', below(1_900_000)],
        ['job', JOBS[job]!],
        ['name', name()],
        ['profile_path', path()],
      ];
    });
    const record = { cast: bothForms(cast), crew: bothForms(crew) };
    made += record.cast.literal.length + record.crew.literal.length;
    records.push(record);
  }
  return records;
}

function bothForms(entries: [string, Scalar][][]): BothForms {
  const dicts = entries.map(
    (entry) => `{${entry.map(([key, value]) => `'${key}': ${scalarLiteral(value)}`).join(', ')}}`,
  );
  return {
    literal: `[${dicts.join(', ')}]`,
    json: JSON.stringify(entries.map((entry) => Object.fromEntries(entry))),
  };
}

/** As `repr` writes it: in single quotes, unless the text contains single quotes and no double quotes. */
function scalarLiteral(value: Scalar): string {
  if (typeof value !== 'string') return value === null ? 'None' : String(value);
  if (!value.includes("'")) return `'${value}'`;
  return value.includes('"') ? `'${value.replaceAll("'", "\\'")}'` : `"${value}"`;
}

/** Mulberry32: small, fast and the same everywhere, which is random enough here. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
