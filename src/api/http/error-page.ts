import { STATUS_CODES } from 'node:http';
import type { Request } from 'express';
import { escapeHtml, writeHtml } from '../../html.js';
import type { HttpResponse } from './responses.js';
import { HTML_HEADERS } from './security-headers.js';

const STYLE = `<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1c2430;background:#fff}
small{color:#5b6675}
@media(prefers-color-scheme:dark){body{color:#d8dee8;background:#151a21}a{color:#7db3ff}small{color:#9aa5b4}}
</style>`;

/** Whether a browser is navigating to the address: only then does it prefer HTML to JSON. */
export function looksForPage(request: Request): boolean {
  return (
    (request.method === 'GET' || request.method === 'HEAD') && request.accepts(['json', 'html']) === 'html'
  );
}

/** An error response as an HTML page with the same message and a link to the start page. */
export function errorPage(answer: HttpResponse): HttpResponse {
  const { errors } = JSON.parse(answer.body) as {
    errors: { message: string; extensions: { code: string; requestId: string } }[];
  };
  const { message, extensions } = errors[0]!;
  const title = STATUS_CODES[answer.status]!;
  const body = `<h1>${title}</h1>
<p>${escapeHtml(message)}</p>
<p><a href="/">Go to the start page</a></p>
<p><small>${escapeHtml(extensions.code)}, request ${escapeHtml(extensions.requestId)}</small></p>`;
  return {
    ...answer,
    headers: { ...answer.headers, ...HTML_HEADERS },
    body: writeHtml({ title, head: STYLE, body }),
  };
}
