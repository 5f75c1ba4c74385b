import { securityHeaders } from './security-headers.js';

/** A page before it is sent; what stands in `head` and `body` is HTML. */
export interface Page {
  readonly title: string;
  readonly head?: string;
  readonly body: string;
}

export const PAGE_HEADERS = {
  ...securityHeaders(true),
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
};

/** A marquee over a row of bulbs. In the page itself: a browser that finds none asks for one, and logs that it got none. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http%3A//www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%23151a21'/%3E%3Cpath d='M3 10V4l5 4 5-4v6' fill='none' stroke='%23ffc53d' stroke-width='2'/%3E%3Cpath d='M3 13h1m3 0h2m3 0h1' stroke='%23ffc53d' stroke-width='1.5'/%3E%3C/svg%3E";

/** A page that names nothing elsewhere. */
export function htmlPage({ title, head = '', body }: Page): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<link rel="icon" href="${ICON}">${head}
${body}
</html>`;
}

/** Text as it stands in HTML, between tags or in an attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
