/** An HTML page; `head` and `body` contain HTML. */
export interface HtmlPage {
  /** Plain text. */
  readonly title: string;
  readonly head?: string;
  readonly body: string;
}

/** A marquee above a row of bulbs. Part of the page, because a browser requests an icon that a page does not have. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http%3A//www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%23151a21'/%3E%3Cpath d='M3 10V4l5 4 5-4v6' fill='none' stroke='%23ffc53d' stroke-width='2'/%3E%3Cpath d='M3 13h1m3 0h2m3 0h1' stroke='%23ffc53d' stroke-width='1.5'/%3E%3C/svg%3E";

/** Writes a page that loads nothing from other servers. */
export function writeHtml({ title, head = '', body }: HtmlPage): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<link rel="icon" href="${ICON}">${head}
${body}
</html>`;
}

/** Escapes text for use between tags or in an attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
