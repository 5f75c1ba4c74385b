import { stderr, stdout } from 'node:process';

/**
 * Characters a terminal acts on instead of showing them: control characters and marks that change the direction of text.
 * Files and issuers can send them.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find.
const active = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** The text with such characters written as `\u001b`, which is also their form in JSON. */
export function visible(text: string): string {
  return text.replace(active, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Writes a line of the command's result. */
export function print(line = ''): void {
  stdout.write(`${visible(line)}\n`);
}

/** Writes a line of progress, but only to a terminal. */
export function progress(line: string): void {
  if (stderr.isTTY) {
    stderr.write(`${visible(line)}\n`);
  }
}

/** Writes one sentence about something that went wrong or looks odd. */
export function warn(line: string): void {
  stderr.write(`${visible(line)}\n`);
}
