import { movies } from '../../dataset/movies.js';
import { withEnvironment } from '../command.js';
import { dictionaryToMarkdown, readDictionary } from '../dictionary.js';
import { print } from '../terminal.js';

/** `marquee dictionary`: every field of warehouse and reports, where it comes from, its type and what it means. */
export async function dictionary(options: { format: string }): Promise<void> {
  await withEnvironment(async (environment) => {
    const entries = await readDictionary(environment.pool('pipeline'), movies.reports);
    print(options.format === 'json' ? JSON.stringify(entries, null, 2) : dictionaryToMarkdown(entries));
  });
}
