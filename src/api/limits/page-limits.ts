/** The rows a page has unless told. */
export const DEFAULT_PAGE_ROWS = 50;

/** The most rows a page has. */
export const MAX_PAGE_ROWS = 500;
