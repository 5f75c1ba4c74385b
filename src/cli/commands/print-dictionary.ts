import { movies } from '../../dataset/movies.js';
import { readDictionary } from '../../reporting/publish/read-dictionary.js';
import { dictionaryToMarkdown } from '../output/dictionary-text.js';
import { print } from '../output/terminal.js';
import { withEnvironment } from '../runtime/command.js';

/** `marquee dictionary`: every field of warehouse and reports, with its type, meaning and source. */
export async function dictionary(options: { format: string }): Promise<void> {
  await withEnvironment(async (environment) => {
    const entries = await readDictionary(environment.pool('pipeline'), movies.reports);
    print(options.format === 'json' ? JSON.stringify(entries, null, 2) : dictionaryToMarkdown(entries));
  });
}
