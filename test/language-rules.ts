/** A phrase that plain English does without, and what to write in its place. */
export interface BannedPhrase {
  /** Words of a regular expression; a space also matches a line break inside a comment. */
  readonly words: string;
  readonly instead: string;
  /** Sentences the pattern must find. */
  readonly finds: readonly string[];
  /** Sentences it must leave alone. */
  readonly leaves: readonly string[];
}

export const bannedPhrases: readonly BannedPhrase[] = [
  {
    words: 'unless told(?: otherwise)?',
    instead: 'by default',
    finds: ['50 rows unless told.'],
    leaves: ['unless it fails'],
  },
  {
    words: 'anew',
    instead: 'again',
    finds: ['It is built anew.'],
    leaves: ['a new table'],
  },
  {
    words: 'once more(?! than)',
    instead: 'again',
    finds: ['Read it once more.'],
    leaves: ['once more than ten rows are waiting'],
  },
  {
    words: 'beside',
    instead: 'next to, in addition to',
    finds: ['the file beside it'],
    leaves: ['what a folder may import besides itself'],
  },
  {
    words: '(?:that|which|where|than) there (?:is|are)(?: not| none)?(?=[,.;:)]|$| and | or )',
    instead: 'unknown, does not exist, available',
    finds: ['a run that there is not', 'the commands that there are.'],
    leaves: ['it shows that there is no cycle', 'where there are ratings'],
  },
  {
    words: 'there (?:is|are) none',
    instead: 'does not exist, no X',
    finds: ['null when there is none'],
    leaves: ['there is no file'],
  },
  {
    words: '(?:it|that|which|what|this|who) is none',
    instead: 'is not',
    finds: ['a number that is none'],
    leaves: ['is none of them open?', 'the level is none'],
  },
  {
    words: '(?:that|which|who|it) (?:is|are) no(?! longer| (?:more|less|later|earlier|better|worse)\\b)',
    instead: 'is not a',
    finds: ['an owner that is no superuser'],
    leaves: ['a token that is no longer valid', 'there is no run', 'a value which is no more than 5'],
  },
  {
    words: '(?:is|are|was|were|be|been|being) told',
    instead: 'reports, lists, is reported',
    finds: ['The reason is told.'],
    leaves: ['two rows told apart'],
  },
  {
    words: '(?:tell|tells|told|telling) (?:what|how|which|whether|where|when|why|who)',
    instead: 'shows, reports, states',
    finds: ['It tells what was read.', 'telling whether it ran'],
    leaves: ['it tells a file from a folder', 'to tell them apart'],
  },
  {
    words: '(?:by|of) (?:itself|themselves)(?! and)',
    instead: 'automatically',
    finds: ['taken up by itself', 'It ends of itself.'],
    leaves: ['a copy of itself and its parts', 'itself'],
  },
  {
    words: '(?:let|lets|letting) (?:\\w+ )?(?:through|pass)(?! =)',
    instead: 'accepts',
    finds: ['The check lets it through.', 'what it lets pass'],
    leaves: ['let pass = 1', 'it passes through'],
  },
  {
    words: '(?:stem|stems|stemming) from',
    instead: 'comes from',
    finds: ['it stems from the file'],
    leaves: ['comes from the file'],
  },
  {
    words: '(?:stand|stands|stood|lie|lies) behind',
    instead: 'explains, is the source of',
    finds: ['what stands behind a row'],
    leaves: ['the server behind the proxy'],
  },
  {
    words: '(?:make|makes|made|making) (?:(?!an? |the )\\w+ )?good',
    instead: 'fixes, corrects',
    finds: ['The ledger makes good what is lost.', 'is made good'],
    leaves: ['good tests make a good release'],
  },
  {
    words: 'of (?:its|their|his) own accord',
    instead: 'automatically',
    finds: ['It ends of its own accord.'],
    leaves: ['its own folder'],
  },
  {
    words: 'come again',
    instead: 'retry',
    finds: ['Come again in 12 s.'],
    leaves: ['the same rows come back'],
  },
  {
    words: 'overtaken?|overtook',
    instead: 'superseded, stale',
    finds: ['an overtaken attempt'],
    leaves: ['rows taken over from the file'],
  },
  {
    words: 'from afar',
    instead: 'remote, over the network',
    finds: ['Files from afar'],
    leaves: ['far from it'],
  },
  {
    words: 'whoever|whatever there is|whosoever|whatsoever|whichsoever',
    instead: 'anyone who, any',
    finds: ['whoever reads it'],
    leaves: ['whoever_column', 'whatever the order'],
  },
  {
    words: 'thereof|thereto|therein|therewith|wherein|whereof|whereby|whence|hence(?:forth)?|forthwith|lest',
    instead: 'a plain sentence',
    finds: ['the parts thereof', 'wherein it lies', 'lest it fail'],
    leaves: ['therefore', 'whereas', 'the latest'],
  },
  {
    words: 'at most so many|so many at most|so (?:many|long) (?:\\w+ ){1,4}at most',
    instead: 'maximum number of',
    finds: ['At most so many rows.', 'So many retirements a cause names at most.'],
    leaves: ['at most 50 rows', 'so many rows that memory runs out'],
  },
  {
    words:
      'amid|amongst|betwixt|nought|naught|ere|of old|as it were|in vain|in its stead|holds? good|hither|thither',
    instead: 'a plain sentence',
    finds: ['amongst the rows', 'It holds good.'],
    leaves: ['among the rows', 'where', 'pyramid'],
  },
];

// A phrase may be broken over lines: the second line of a comment begins with a mark of its own.
const gap = '(?:[ \\t]*\\n[ \\t]*(?:///?|\\*|#|--)?[ \\t]*| )';

const patterns = bannedPhrases.map((phrase) => ({
  ...phrase,
  pattern: new RegExp(`(?<![\\w-])(?:${phrase.words.replaceAll(' ', gap)})(?![\\w-])`, 'gi'),
}));

/** Every banned phrase of a text, as `line: phrase -> what to write`. */
export function phrasesIn(text: string): string[] {
  return patterns
    .flatMap(({ pattern, instead }) =>
      [...text.matchAll(pattern)].map(({ 0: found, index }) => ({
        line: text.slice(0, index).split('\n').length,
        found: found.replace(/\s+/g, ' '),
        instead,
      })),
    )
    .sort((a, b) => a.line - b.line)
    .map(({ line, found, instead }) => `${line}: "${found}" -> ${instead}`);
}

/** The titles of a file of tests, each on the line it has in the file, and nothing else. */
export function titlesOf(text: string): string {
  const titles =
    /\b(?:it|test|describe)(?:\.\w+(?:\([^)]*\))?)*(?:<[^>]*>)?\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g;
  let kept = '';
  for (const match of text.matchAll(titles)) {
    const start = match.index + match[0].length - match[2]!.length - 1;
    const linesBefore = text.slice(0, start).split('\n').length - 1;
    kept += '\n'.repeat(Math.max(0, linesBefore - (kept.split('\n').length - 1))) + match[2]!;
  }
  return kept;
}
