/** Statements prepared on each connection at most: they stay there as long as the connection does. */
const MAX_NAMES = 200;
/** A text seen so often is worth preparing; callers can make up any number of texts. */
const WORTH_PREPARING = 3;
const MAX_COUNTED = 5000;

/**
 * The longest text that is weakMemo here or by any connection, in characters: a page of a report takes some thousands,
 * and what callers make up beyond that would fill the memory of this process and of Postgres.
 */
export const MAX_PREPARED_TEXT = 10_000;

let givers = 0;

/**
 * Gives names to the texts of statements that come again and again, so that Postgres parses and plans them once. Nobody else
 * gives the same: two may prepare statements on one connection, which takes no name for two texts.
 */
export class PreparedNames {
  readonly #giver = ++givers;
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
    const given = `page_${this.#giver}_${this.#names.size + 1}`;
    this.#names.set(text, given);
    return given;
  }
}
