/** Default number of rows on a page. */
export const DEFAULT_PAGE_ROWS = 50;

/** Maximum number of rows on a page. */
export const MAX_PAGE_ROWS = 500;
