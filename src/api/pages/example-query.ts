/** A first query for newcomers. It works with any data set, and its result lists what else can be queried. */
export const exampleQuery = `{
  publication { number asOfDay }
  reports { query description grain questions }
}`;
