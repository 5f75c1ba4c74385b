import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { escapeHtml, writeHtml } from '../../html.js';
import { SCOPES } from '../scopes.js';
import { DEVELOPMENT_ACCOUNTS, type DevelopmentAccount } from './accounts.js';

/** A form contains only the name of a button. */
const MAX_FORM_BYTES = 1_000;

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // No form-action: browsers also apply it to the redirect back to the client.
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
  // Under no-referrer, browsers send a form with the origin "null".
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

/**
 * Serves `/interaction/:uid` of the development issuer: a page with a button per account, which is both login and
 * consent. The provider identifies an interaction by a signed cookie in the browser that started it, so no other browser
 * and no page of another site can complete it.
 * @param resource the resource that the scopes of the API are granted for
 */
export function interactionListener(provider: Provider, resource: string) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const { params, uid } = await provider.interactionDetails(request, response);
      const clientId = String(params.client_id);
      if (request.method === 'GET') return sendPage(response, 200, loginPage(uid, clientId));
      if (request.method !== 'POST')
        return sendPage(response, 405, errorPage('This page accepts only GET and POST.'));
      if (!fromOwnPage(request, provider.issuer))
        return sendPage(response, 403, errorPage('The form was not sent from this page. Log in again.'));
      const chosen = new URLSearchParams(await readForm(request)).get('account');
      const account = DEVELOPMENT_ACCOUNTS.find(({ id }) => id === chosen);
      if (!account)
        return sendPage(
          response,
          400,
          errorPage('Unknown account. Choose one of the accounts on the login page.'),
        );
      const grantId = await grantTo(provider, account, clientId, resource);
      const result = { login: { accountId: account.id }, consent: { grantId } };
      await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    } catch {
      if (response.headersSent) response.destroy();
      else
        sendPage(
          response,
          400,
          errorPage('This login has expired or was started in another browser. Log in again.'),
        );
    }
  };
}

/** Grants the scopes of the account and rejects all others, so that the issuer does not ask for them again. */
async function grantTo(
  provider: Provider,
  account: DevelopmentAccount,
  clientId: string,
  resource: string,
): Promise<string> {
  const grant = new provider.Grant({ accountId: account.id, clientId });
  const allowed = account.scopes.join(' ');
  const others = SCOPES.filter((scope) => !account.scopes.includes(scope)).join(' ');
  // The issuer also lists the scopes of the API among its own.
  grant.addOIDCScope(`openid offline_access ${allowed}`);
  grant.addResourceScope(resource, allowed);
  if (others) {
    grant.rejectOIDCScope(others);
    grant.rejectResourceScope(resource, others);
  }
  return grant.save();
}

function fromOwnPage({ headers }: IncomingMessage, issuerUrl: string): boolean {
  return headers.origin === undefined || headers.origin === new URL(issuerUrl).origin;
}

async function readForm(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_FORM_BYTES) throw new Error('the form is too large');
  }
  return text;
}

function sendPage(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, HEADERS).end(body);
}

function loginPage(uid: string, clientId: string): string {
  const buttons = DEVELOPMENT_ACCOUNTS.map(
    ({ id, scopes }) =>
      `<p><button name="account" value="${id}">Continue as ${id}</button> <small>${scopes.join(' ')}</small></p>`,
  );
  return page(
    'Log in',
    `<p>Development accounts, without a password. ${escapeHtml(clientId)} will receive the scopes listed next to the account.</p>
<form method="post" action="/interaction/${escapeHtml(uid)}">${buttons.join('\n')}</form>`,
  );
}

function errorPage(reason: string): string {
  return page('Not logged in', `<p>${reason}</p>`);
}

const STYLE = `
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.4rem 1rem}</style>`;

function page(title: string, content: string): string {
  return writeHtml({ title, head: STYLE, body: `<h1>${escapeHtml(title)}</h1>\n${content}` });
}
