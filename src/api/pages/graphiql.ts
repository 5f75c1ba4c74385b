import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { RequestHandler } from 'express';
import { userOf } from '../../auth/login/login.js';
import { escapeHtml, type HtmlPage } from '../../html.js';
import { requireGet, send } from '../http/responses.js';
import type { Handler, Route } from '../http/router.js';
import { exampleQuery } from './example-query.js';
import { sendHtml } from './send-html.js';

export const GRAPHIQL_PATH = '/graphiql';

const SCRIPT = 'text/javascript; charset=utf-8';
const require = createRequire(import.meta.url);

/**
 * The files of the page. All are served from here, so that it works offline. They are located through `package.json`,
 * since the packages' exports do not include the builds for browsers.
 */
const FILES = [
  {
    name: 'react.js',
    type: SCRIPT,
    manifest: require.resolve('react/package.json'),
    file: 'umd/react.production.min.js',
  },
  {
    name: 'react-dom.js',
    type: SCRIPT,
    manifest: require.resolve('react-dom/package.json'),
    file: 'umd/react-dom.production.min.js',
  },
  {
    name: 'graphiql.js',
    type: SCRIPT,
    manifest: require.resolve('graphiql/package.json'),
    file: 'graphiql.min.js',
  },
  {
    name: 'graphiql.css',
    type: 'text/css; charset=utf-8',
    manifest: require.resolve('graphiql/package.json'),
    file: 'graphiql.min.css',
  },
];

/** Starts GraphiQL. Its requests carry the session's cookie and CSRF token. */
const START = `const csrfToken = document.querySelector('meta[name="csrf-token"]').content;
const fetcher = GraphiQL.createFetcher({ url: '/graphql', headers: { 'x-csrf-token': csrfToken } });
const defaultQuery = ${JSON.stringify(`# Press the run button to see what is published and which reports exist.\n${exampleQuery}\n`)};
ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery }),
);
`;

/**
 * The page and its files.
 * @param requireLogin handlers that run before the page and stop anyone who is not logged in
 */
export function graphiqlRoutes(requireLogin: readonly RequestHandler[]): readonly Route[] {
  const page: RequestHandler = (request, response) => {
    const { subject, csrfToken } = userOf(request)!;
    sendHtml(response, pageFor(subject, csrfToken));
  };
  return [
    { path: GRAPHIQL_PATH, handle: [...requireLogin, page] },
    { path: `${GRAPHIQL_PATH}/start.js`, handle: fileHandler(SCRIPT, async () => START) },
    ...FILES.map((each) => ({
      path: `${GRAPHIQL_PATH}/${each.name}`,
      handle: fileHandler(each.type, () => readFile(join(dirname(each.manifest), each.file), 'utf8')),
    })),
  ];
}

function fileHandler(type: string, read: () => Promise<string>): Handler {
  let body: Promise<string> | undefined;
  return async ({ request, response, common }) => {
    requireGet(request, response);
    body ??= read();
    const headers = { 'content-type': type, 'cache-control': 'public, max-age=3600' };
    send(response, { status: 200, headers, body: await body }, common);
  };
}

function pageFor(subject: string, csrfToken: string): HtmlPage {
  const file = (name: string) => `${GRAPHIQL_PATH}/${name}`;
  const scripts = ['react.js', 'react-dom.js', 'graphiql.js', 'start.js']
    .map((name) => `<script defer src="${file(name)}"></script>`)
    .join('\n');
  return {
    title: 'Marquee · GraphiQL',
    head: `
<meta name="csrf-token" content="${csrfToken}">
<link rel="stylesheet" href="${file('graphiql.css')}">
<style>body{margin:0;height:100vh;display:flex;flex-direction:column}#graphiql{flex:1;min-height:0}
form{font:14px system-ui,sans-serif;padding:.3rem 1rem;text-align:right}</style>`,
    body: `<form method="post" action="/logout">${escapeHtml(subject)} <button>Log out</button></form>
<div id="graphiql">Loading</div>
${scripts}`,
  };
}
