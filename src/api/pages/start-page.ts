import type { RequestHandler, Response } from 'express';
import type pg from 'pg';
import { userOf } from '../../auth/login/login.js';
import { escapeHtml } from '../../html.js';
import { type Readiness, readinessOf } from '../http/health.js';
import { requireGet, send } from '../http/responses.js';
import { exchangeOf } from '../http/router.js';
import { QUEUE_BOARD_PATH } from '../runs/queue-board.js';
import { exampleQuery } from './example-query.js';
import { GRAPHIQL_PATH } from './graphiql.js';
import { sendHtml } from './send-html.js';

export const START_PATH = '/';

export interface StartPageOptions {
  /** Asked for what can be served, which `/readyz` tells everyone too. */
  readonly readerPool: pg.Pool;
  readonly publicUrl: string;
  readonly issuerUrl: string;
  /** Where it is told how to get access, under `publicUrl`. */
  readonly metadataPath: string;
  /** What is there for people. */
  readonly login: boolean;
  readonly queueBoard: boolean;
}

const WHAT_THIS_IS =
  'Report tables, rebuilt from each delivery of files, published whole and explained, and served over GraphQL to callers with an access token.';

const STYLE = `<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1c2430;background:#fff}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem}dd{margin:0}
pre{background:#f1f3f6;padding:.8rem;overflow-x:auto;font-size:.85rem}button{font:inherit}form{display:inline}
@media(prefers-color-scheme:dark){body{color:#d8dee8;background:#151a21}pre{background:#202733}a{color:#7db3ff}}
</style>`;

/** Answers `/`: browsers with a page that says what is here, programs with the same as JSON. */
export function startPage(options: StartPageOptions): RequestHandler {
  return async (request, response) => {
    requireGet(request, response);
    const readiness = await readinessOf(options.readerPool);
    const { common } = exchangeOf(response);
    common.vary = common.vary === undefined ? 'accept' : `accept, ${common.vary}`;
    // Who names neither takes anything, as curl does.
    if (request.accepts(['json', 'html']) === 'html') {
      sendHtml(response, {
        title: 'Marquee',
        head: STYLE,
        body: bodyOf(options, readiness, userOf(request)?.subject),
      });
    } else sendIndex(response, options, readiness);
  };
}

function sendIndex(response: Response, options: StartPageOptions, readiness: Readiness): void {
  const at = (path: string) => new URL(path, options.publicUrl).href;
  const index = {
    name: 'Marquee',
    description: WHAT_THIS_IS,
    ...readiness,
    graphql: at('/graphql'),
    authorization: at(options.metadataPath),
    health: { live: at('/livez'), ready: at('/readyz') },
    ...(options.login && { login: at('/login'), graphiql: at(GRAPHIQL_PATH) }),
    ...(options.queueBoard && { queues: at(`${QUEUE_BOARD_PATH}/`) }),
  };
  const headers = { 'cache-control': 'no-store' };
  send(response, { status: 200, headers, body: JSON.stringify(index) }, exchangeOf(response).common);
}

function bodyOf(options: StartPageOptions, readiness: Readiness, subject: string | undefined): string {
  const { publicUrl, issuerUrl, metadataPath, login, queueBoard } = options;
  const link = (path: string, text: string) => `<a href="${path}">${text}</a>`;
  const places: [place: string, what: string][] = [];
  if (login) {
    places.push([
      link(GRAPHIQL_PATH, 'GraphiQL'),
      'ask in the browser, with the schema and its documentation beside',
    ]);
    if (queueBoard)
      places.push([link(`${QUEUE_BOARD_PATH}/`, 'Queue board'), 'the jobs, for those who look after them']);
  }
  places.push(
    [
      '<code>/graphql</code>',
      `for programs; access tokens come from ${escapeHtml(issuerUrl)} (${link(metadataPath, 'metadata')})`,
    ],
    [
      `${link('/livez', 'Live')}, ${link('/readyz', 'ready')}`,
      'whether this server runs, and whether it can serve',
    ],
  );
  return `<h1>Marquee</h1>
<p>${WHAT_THIS_IS}</p>
<p><strong>${told(readiness)}</strong></p>
${login ? `<div>${sessionOf(subject)}</div>` : ''}
<dl>${places.map(([place, what]) => `<dt>${place}</dt><dd>${what}</dd>`).join('\n')}</dl>
<p>What is published, and which reports there are:</p>
<pre>curl -s ${escapeHtml(new URL('/graphql', publicUrl).href)} -H 'authorization: Bearer TOKEN' \\
  -H 'content-type: application/json' \\
  -d '${escapeHtml(JSON.stringify({ query: exampleQuery.replace(/\s+/g, ' ') }))}'</pre>`;
}

function told(readiness: Readiness): string {
  if (!readiness.ready) return readiness.reason;
  return readiness.publication === null
    ? 'Nothing is published yet.'
    : `Publication ${readiness.publication} is served.`;
}

function sessionOf(subject: string | undefined): string {
  return subject === undefined
    ? `<a href="/login?to=${START_PATH}">Log in</a>`
    : `Logged in as ${escapeHtml(subject)}. <form method="post" action="/logout"><button>Log out</button></form>`;
}
