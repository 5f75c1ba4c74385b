import { posix } from 'node:path';

/** A file of the project: its path from the root, and its text. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/**
 * What each folder may import, in addition to itself. `source ← warehouse ← reporting` is the path of a drop; `database` and
 * `queue` know no layer. Only the places where processes are assembled (`jobs`, `src/cli`) may import more.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  'src/csv-writer.ts': [],
  'src/fault.ts': [],
  'src/html.ts': [],
  'src/package-root.ts': [],
  'src/period.ts': ['src/fault.ts'],
  'src/telemetry.ts': [],
  'src/within.ts': [],
  'src/listening.ts': ['src/fault.ts'],
  'src/setting-types.ts': [],
  'src/configuration.ts': ['src/fault.ts', 'src/period.ts', 'src/setting-types.ts'],
  'src/data-set.ts': ['src/source', 'src/warehouse', 'src/reporting'],
  'src/database': ['src/fault.ts', 'src/package-root.ts'],
  'src/queue': ['src/database', 'src/fault.ts', 'src/period.ts', 'src/telemetry.ts', 'src/within.ts'],
  'src/source': ['src/database', 'src/fault.ts'],
  'src/warehouse': ['src/source', 'src/database', 'src/fault.ts'],
  'src/reporting': ['src/warehouse', 'src/source', 'src/database', 'src/csv-writer.ts', 'src/fault.ts'],
  'src/auth': ['src/fault.ts', 'src/html.ts', 'src/listening.ts', 'src/package-root.ts', 'src/within.ts'],
  'src/api': [
    'src/auth',
    'src/queue',
    'src/database',
    'src/csv-writer.ts',
    'src/fault.ts',
    'src/html.ts',
    'src/listening.ts',
    'src/package-root.ts',
    'src/period.ts',
    'src/telemetry.ts',
    'src/within.ts',
  ],
  'src/dataset': [
    'src/data-set.ts',
    'src/source',
    'src/warehouse',
    'src/reporting',
    'src/database',
    'src/fault.ts',
    'src/package-root.ts',
    'src/period.ts',
  ],
  jobs: [
    'src/data-set.ts',
    'src/source',
    'src/warehouse',
    'src/reporting',
    'src/queue',
    'src/database',
    'src/fault.ts',
    'src/period.ts',
  ],
  'src/cli': [
    'jobs',
    'src/api',
    'src/auth',
    'src/configuration.ts',
    'src/csv-writer.ts',
    'src/data-set.ts',
    'src/database',
    'src/dataset',
    'src/fault.ts',
    'src/package-root.ts',
    'src/period.ts',
    'src/queue',
    'src/reporting',
    'src/source',
    'src/telemetry.ts',
    'src/warehouse',
  ],
};

/**
 * The rooms (folders) of each layer, lowest first: a file may import from its own room and from the rooms before it.
 * A file at the top of a layer, such as `src/source/feed.ts`, is in no room.
 */
export const roomOrder: Readonly<Record<string, readonly string[]>> = {
  'src/database': ['migrations', 'embedded'],
  'src/queue': ['ledger', 'backend', 'runs', 'worker', 'control'],
  'src/source': ['csv', 'header', 'parts', 'drop', 'ledger', 'storage', 'load', 'receive'],
  'src/warehouse': [
    ...['literal', 'tables', 'mapping', 'extract', 'masking', 'history', 'clean', 'corrections', 'rebuild'],
  ],
  'src/reporting': [
    ...['definition', 'sql', 'checks', 'publications', 'build', 'causes', 'explain', 'publish'],
  ],
  'src/auth': ['issuer', 'login', 'tokens'],
  'src/api': [
    ...['contract', 'errors', 'http', 'sql', 'access', 'limits', 'reports', 'export', 'page-plan'],
    ...['operation', 'graphql', 'runs', 'pages'],
  ],
  'src/cli': ['output', 'runtime', 'runs', 'status', 'commands', 'program'],
};

/** Layers whose folders are not rooms with an order. */
const withoutRooms = new Set(['src/dataset']);

/** Maximum number of files in a folder. `src/cli/commands` has one file per command, and `src/dataset` will move. */
const mostFiles = 15;
const mayBeWide = /^src\/(cli\/commands|dataset)(\/|$)/;

/** The Postgres schemas that the statements of a folder may name. A folder that is not listed may name all of them. */
const maySelect: Readonly<Record<string, readonly string[]>> = {
  'src/source': ['source'],
  'src/warehouse': ['source', 'warehouse', 'support'],
  'src/api': ['reporting'],
  'src/auth': [],
  'src/queue': ['support'],
};

/** The engine gets the data set as an argument, so its code may not name the subject of a data set. */
const engine = ['src/source', 'src/warehouse', 'src/reporting', 'src/queue', 'src/database', 'src/api'];
const datasetWords = new Set(
  'movie movies film films genre genres company companies crew rating ratings tmdb imdb movielens'.split(' '),
);

const vagueNames = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'shared', 'lib']);

/** The folder of `src` a file belongs to (`src/api`), `jobs`, or for a file beside them the file itself. */
export function unitOf(path: string): string {
  const parts = path.split('/');
  return parts[0] === 'src' ? parts.slice(0, 2).join('/') : parts[0]!;
}

/**
 * The text without its comments: those on lines of their own, and `//` behind code. By pattern, not by
 * parsing, so a comment in the middle of a line stays, as the names of SQL statements do.
 */
export function withoutComments(text: string): string {
  return text.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** The project's own files that a file imports: statically, again by exporting, dynamically, or for a type. */
export function importsOf({ path, text }: ProjectFile): string[] {
  const specifier = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.[^'"]*)\1/g;
  return [...withoutComments(text).matchAll(specifier)].map((match) =>
    posix.join(posix.dirname(path), match[2]!).replace(/\.js$/, '.ts'),
  );
}

/** Imports that run against the order of the layers. */
export function backwardImports(files: readonly ProjectFile[]): string[] {
  return files.flatMap((file) => {
    const unit = unitOf(file.path);
    const allowed = mayImport[unit];
    if (allowed === undefined) {
      return [`${file.path}: ${unit} has no rule for what it may import; give it one`];
    }
    return importsOf(file)
      .filter((target) => unitOf(target) !== unit && !allowed.includes(unitOf(target)))
      .map((target) => `${file.path} imports ${target}`);
  });
}

/** Imports inside a layer that run against the order of its rooms, and rooms that have no place in the order. */
export function backwardRoomImports(files: readonly ProjectFile[]): string[] {
  const roomOf = (path: string) => (path.split('/').length > 3 ? path.split('/')[2] : undefined);
  return files.flatMap((file) => {
    const layer = unitOf(file.path);
    const room = roomOf(file.path);
    if (room === undefined || withoutRooms.has(layer)) return [];
    const order = roomOrder[layer] ?? [];
    if (!order.includes(room)) return [`${file.path}: room ${room} has no place in the order of ${layer}`];
    return importsOf(file)
      .filter((target) => {
        const other = unitOf(target) === layer ? roomOf(target) : undefined;
        return other !== undefined && order.indexOf(other) > order.indexOf(room);
      })
      .map((target) => `${file.path} imports ${target}`);
  });
}

/** The most lines a file may have, and the files that may have more, each with the reason. */
const mostLines = 300;
const mayBeLong: Readonly<Record<string, string>> = {
  'src/warehouse/literal/scanner.ts': 'one state machine, which is faster and clearer in one piece',
};

/** Files that are too long to read in one go. */
export function longFiles(files: readonly ProjectFile[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ path, lines }) => lines > mostLines && mayBeLong[path] === undefined)
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${mostLines}`);
}

/** Folders with too many files to find one at a glance. */
export function wideFolders(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
  return [...counts]
    .filter(([folder, count]) => count > mostFiles && !mayBeWide.test(folder))
    .map(([folder, count]) => `${folder}: ${count} files, at most ${mostFiles}`);
}

/** Cycles among the folders, each listed once with its folders. */
export function importCycles(files: readonly ProjectFile[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const file of files) {
    const unit = unitOf(file.path);
    const targets = next.get(unit) ?? new Set();
    next.set(unit, targets);
    for (const target of importsOf(file).map(unitOf)) {
      if (target !== unit) {
        targets.add(target);
      }
    }
  }
  const found: string[] = [];
  const finished = new Set<string>();
  const visit = (unit: string, way: readonly string[]) => {
    if (way.includes(unit)) {
      found.push([...way.slice(way.indexOf(unit)), unit].join(' -> '));
      return;
    }
    if (!finished.has(unit)) {
      for (const target of next.get(unit) ?? []) {
        visit(target, [...way, unit]);
      }
      finished.add(unit);
    }
  };
  for (const unit of next.keys()) {
    visit(unit, []);
  }
  return found;
}

/** Files and folders whose name does not describe their content. */
export function vagueNamesAmong(paths: readonly string[]): string[] {
  return paths.filter((path) =>
    path.split('/').some((part) => vagueNames.has(part.replace(/(\.[a-z]+)+$/, ''))),
  );
}

/** Files that read the environment. Only `src/configuration.ts` may. */
export function environmentReaders(files: readonly ProjectFile[]): string[] {
  return files
    .filter(({ path }) => path !== 'src/configuration.ts')
    .filter(({ text }) =>
      /\bprocess\s*(?:\.\s*env\b|\[\s*['"]env)|\benv\b[^;\n]*\bfrom\s*['"](node:)?process/.test(
        withoutComments(text),
      ),
    )
    .map(({ path }) => path);
}

/** Files that write to the console. Only the command line may. */
export function consoleWriters(files: readonly ProjectFile[]): string[] {
  return files
    .filter(({ path }) => unitOf(path) !== 'src/cli')
    .filter(({ text }) => /\bconsole\s*[.[]/.test(withoutComments(text)))
    .map(({ path }) => path);
}

/**
 * Words of a data set in the engine's code: identifiers, strings and SQL. Comments may contain examples, since a rule is
 * easier to understand with an example.
 */
export function datasetWordsInEngine(files: readonly ProjectFile[]): string[] {
  return files
    .filter(({ path }) => engine.includes(unitOf(path)))
    .flatMap(({ path, text }) => {
      const words = withoutComments(text).split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/);
      const named = new Set(words.map((word) => word.toLowerCase()).filter((word) => datasetWords.has(word)));
      return [...named].map((word) => `${path}: ${word}`);
    });
}

/** SQL in one layer that names the schema of another layer. */
export function foreignSchemas(files: readonly ProjectFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const allowed = maySelect[unitOf(path)];
    if (allowed === undefined) {
      return [];
    }
    const named = withoutComments(text).matchAll(
      /\b(?:from|join|into|update|table|truncate)\s+"?(source|warehouse|reporting|support)"?\./gi,
    );
    return [...new Set([...named].map((match) => match[1]!.toLowerCase()))]
      .filter((schema) => !allowed.includes(schema))
      .map((schema) => `${path}: ${schema}`);
  });
}
