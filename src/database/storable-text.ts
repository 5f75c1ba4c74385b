/** What a person is told to write where a text is not storable. */
export const storableText = 'a text without NUL characters and half surrogate pairs';

/** Whether a database can keep a text: Postgres has no NUL in `text` and `jsonb`, and half of a surrogate pair has no UTF-8. */
export const isStorable = (text: string) => !text.includes('\0') && !/\p{Surrogate}/u.test(text);
