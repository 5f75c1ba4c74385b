import type { Response } from 'express';
import { htmlPage, PAGE_HEADERS, type Page } from '../http/html.js';
import { send } from '../http/responses.js';
import { exchangeOf } from '../http/router.js';

/** Sends a page, under a policy that would not let it reach anything elsewhere. */
export function sendPage(response: Response, page: Page): void {
  const { common } = exchangeOf(response);
  send(response, { status: 200, headers: PAGE_HEADERS, body: htmlPage(page) }, common);
}
