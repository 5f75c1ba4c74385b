import type { DictionaryEntry } from '../../reporting/publish/read-dictionary.js';

/** The dictionary as Markdown: a section per schema, a table per table. */
export function dictionaryToMarkdown(entries: readonly DictionaryEntry[]): string {
  const lines: string[] = ['# Data dictionary'];
  let schema: string | undefined;
  let table: string | undefined;
  for (const entry of entries) {
    if (entry.schema !== schema) lines.push('', `## ${entry.schema}`);
    if (entry.schema !== schema || entry.table !== table) {
      lines.push(
        '',
        `### ${entry.table}`,
        '',
        '| field | type | meaning | from |',
        '| --- | --- | --- | --- |',
      );
    }
    ({ schema, table } = entry);
    const type = entry.unit === null ? entry.type : `${entry.type} (${entry.unit})`;
    lines.push(`| ${[entry.field, type, entry.meaning, entry.origin ?? ''].map(cell).join(' | ')} |`);
  }
  return lines.join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
}
