import { isStorable, storableText } from '../../database/storable-text.js';

/** It is told with every cause that follows from it: a page of text would be, too. */
const mostCharacters = 1000;

/**
 * What is wrong with a text that says why something is done, by whichever way it comes; undefined where nothing is.
 * Said as what was expected, to stand behind the name of what it was given for.
 */
export function complaintOfReason(text: string): string | undefined {
  if (!/\S/.test(text)) return 'expected some words';
  if (text.length > mostCharacters) {
    return `expected at most ${mostCharacters} characters, found ${text.length}`;
  }
  return isStorable(text) ? undefined : `expected ${storableText}`;
}
