/**
 * Text from a file for a message: invisible characters are written as `\u{200B}`, so that a user sees why two names
 * that look the same differ. Ordinary spaces stay.
 */
export function visible(text: string): string {
  return text.replace(
    /(?! )[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}}`,
  );
}
