import type { Response } from 'express';
import { htmlPage, PAGE_HEADERS, type Page } from './html-page.js';
import { send } from './http-answers.js';
import { exchangeOf } from './router.js';

/** Sends a page, under a policy that would not let it reach anything elsewhere. */
export function sendPage(response: Response, page: Page): void {
  const { common } = exchangeOf(response);
  send(response, { status: 200, headers: PAGE_HEADERS, body: htmlPage(page) }, common);
}
