import { print } from './terminal.js';

/** How a command prints its result. */
export interface ResultOptions {
  readonly json?: boolean;
}

/** Prints a result as one JSON value when asked to, else as text. */
export function printResult(
  { json = false }: ResultOptions,
  value: unknown,
  text: string | readonly string[],
): void {
  if (json) print(JSON.stringify(value));
  else for (const line of typeof text === 'string' ? [text] : text) print(line);
}
