import { movies } from '../../dataset/movies.js';
import { dictionaryToMarkdown, readDictionary } from '../output/dictionary-text.js';
import { print } from '../output/terminal.js';
import { withEnvironment } from '../runtime/command.js';

/** `marquee dictionary`: every field of warehouse and reports, where it comes from, its type and what it means. */
export async function dictionary(options: { format: string }): Promise<void> {
  await withEnvironment(async (environment) => {
    const entries = await readDictionary(environment.pool('pipeline'), movies.reports);
    print(options.format === 'json' ? JSON.stringify(entries, null, 2) : dictionaryToMarkdown(entries));
  });
}
