import { statementName } from './pooling.js';

/** Maximum number of prepared statements per connection: they stay until the connection is closed. */
const MAX_NAMES = 200;
/** A text is prepared when it is used for the third time, since callers can send any number of different texts. */
const WORTH_PREPARING = 3;
const MAX_COUNTED = 5000;

/**
 * Maximum length of a text that is prepared, in characters. A page of a report takes a few thousand; longer texts, which
 * callers can produce at will, would fill the memory of this process and of Postgres.
 */
export const MAX_PREPARED_TEXT = 10_000;

/**
 * Names the statements that are used repeatedly, so that Postgres parses and plans them only once.
 */
export class PreparedNames {
  readonly #names = new Map<string, string>();
  #seen = new Map<string, number>();

  nameOf(text: string): string | undefined {
    if (text.length > MAX_PREPARED_TEXT) return undefined;
    const name = this.#names.get(text);
    if (name || this.#names.size >= MAX_NAMES) return name;
    const seen = (this.#seen.get(text) ?? 0) + 1;
    if (seen < WORTH_PREPARING) {
      if (this.#seen.size >= MAX_COUNTED) this.#seen = new Map();
      this.#seen.set(text, seen);
      return undefined;
    }
    this.#seen.delete(text);
    const newName = statementName(text);
    this.#names.set(text, newName);
    return newName;
  }
}
