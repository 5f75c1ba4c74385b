import { isStorable, storableText } from '../../database/storable-text.js';

/** The text is shown with every cause that follows from it, so it must stay short. */
const mostCharacters = 1000;

/**
 * What is wrong with a reason given for a correction or rollback, as "expected ..." to follow the name of the field; undefined
 * when it is valid.
 */
export function complaintOfReason(text: string): string | undefined {
  if (!/\S/.test(text)) return 'expected a reason in words';
  if (text.length > mostCharacters) {
    return `expected at most ${mostCharacters} characters, found ${text.length}`;
  }
  return isStorable(text) ? undefined : `expected ${storableText}`;
}
