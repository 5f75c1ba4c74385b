/** What a message asks for when a text cannot be stored. */
export const storableText = 'text without NUL characters or unpaired surrogates';

/** Whether Postgres can store a text: `text` and `jsonb` cannot contain NUL, and an unpaired surrogate has no UTF-8. */
export const isStorable = (text: string) => !text.includes('\0') && !/\p{Surrogate}/u.test(text);
