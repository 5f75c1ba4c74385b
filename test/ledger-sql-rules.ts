import { type ProjectFile, withoutComments } from './layer-rules.js';

/** The ledgers: tables that record what the pipeline did, in rows that code reads and writes one by one. */
const ledgerTables: Readonly<Record<string, readonly string[]>> = {
  source: ['file', 'part', 'reject'],
  support: [
    ...[
      'run',
      'run_step',
      'audit_event',
      'audit_seal',
      'mapping_version',
      'data_mapping',
      'file_transform',
      'issue',
    ],
    ...['check_result', 'report_build', 'report_state', 'publication_state', 'stock_state'],
    ...['contribution_history', 'retirement', 'withdrawal', 'schedule'],
  ],
  reporting: ['publication', 'report_change', 'report_catalog', 'data_dictionary'],
};

const verbs = '(?:from|join|into|update|truncate|using|table)\\s+(?:only\\s+)?';
const quoted = (name: string) => `"?${name}"?`;

const patterns = Object.entries(ledgerTables).map(([schema, tables]) => ({
  schema,
  // In the text of a statement, and as `ident('support', 'run')` inside one.
  inText: new RegExp(`\\b${verbs}${quoted(schema)}\\.${quoted(`(${tables.join('|')})`)}(?![\\w.])`, 'gi'),
  asName: new RegExp(`\\bident\\(\\s*'${schema}',\\s*'(${tables.join('|')})'\\s*\\)`, 'g'),
}));

/** The ledger tables that the SQL of a file names, sorted. */
export function ledgerTablesIn(file: ProjectFile): string[] {
  const text = file.path.endsWith('.sql') ? file.text.replace(/--.*$/gm, '') : withoutComments(file.text);
  const named = patterns.flatMap(({ schema, inText, asName }) =>
    [inText, asName].flatMap((pattern) =>
      [...text.matchAll(pattern)].map((match) => `${schema}.${match[1]!.toLowerCase()}`),
    ),
  );
  return [...new Set(named)].sort();
}

/** Files with SQL on ledger tables that the list does not allow, and entries of the list that are no longer needed. */
export function ledgerSqlFaults(
  files: readonly ProjectFile[],
  allowed: Readonly<Record<string, string>>,
): string[] {
  const found = new Map(
    files.map((file) => [file.path, ledgerTablesIn(file)] as const).filter(([, tables]) => tables.length > 0),
  );
  const unexpected = [...found]
    .filter(([path]) => allowed[path] === undefined)
    .map(
      ([path, tables]) => `${path} has SQL on ${tables.join(', ')}: use ledger(), or list it with a reason`,
    );
  const outdated = Object.keys(allowed)
    .filter((path) => !found.has(path))
    .map((path) => `${path} has no SQL on ledger tables: remove it from the list`);
  return [...unexpected, ...outdated];
}
