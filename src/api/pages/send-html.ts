import type { Response } from 'express';
import { type HtmlPage, writeHtml } from '../../html.js';
import { send } from '../http/responses.js';
import { exchangeOf } from '../http/router.js';
import { HTML_HEADERS } from '../http/security-headers.js';

/** Sends an HTML page with a policy that keeps it from loading anything from other servers. */
export function sendHtml(response: Response, page: HtmlPage): void {
  const { common } = exchangeOf(response);
  send(response, { status: 200, headers: HTML_HEADERS, body: writeHtml(page) }, common);
}
