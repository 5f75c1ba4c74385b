/** What a newcomer may ask first: true of any data set, and its answer says what else there is to ask. */
export const exampleQuery = `{
  publication { number asOfDay }
  reports { query description grain questions }
}`;
