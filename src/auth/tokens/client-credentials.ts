import { Failure, Fault } from '../../fault.js';
import { discoverIssuer } from '../discovery.js';

export interface ClientCredentials {
  readonly issuerUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The scopes to ask for. */
  readonly scopes: readonly string[];
}

export interface IssuedToken {
  readonly accessToken: string;
  /** Seconds until it expires. */
  readonly expiresIn: number;
  readonly scope: string;
}

/**
 * Asks an issuer for an access token by client credentials (RFC 6749 section 4.4).
 * @throws Failure `issuer_unreachable` when it does not answer; Fault `token_refused` when it answers no, with its reason.
 */
export async function fetchClientToken(client: ClientCredentials): Promise<IssuedToken> {
  const { token_endpoint: url } = await discoverIssuer(client.issuerUrl);
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${basicCredentials(client.clientId, client.clientSecret)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: client.scopes.join(' ') }),
  }).catch((error: unknown) => {
    throw new Failure('issuer_unreachable', `The issuer's token endpoint ${url} does not answer.`, {
      cause: error,
    });
  });
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (!response.ok || typeof answer.access_token !== 'string') {
    throw new Fault(
      'token_refused',
      `The issuer gave no token to ${client.clientId}: ${answer.error_description ?? answer.error ?? `status ${response.status}`}.`,
    );
  }
  return {
    accessToken: answer.access_token,
    expiresIn: Number(answer.expires_in),
    scope: String(answer.scope ?? client.scopes.join(' ')),
  };
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. */
function basicCredentials(id: string, secret: string): string {
  const encode = (part: string) => new URLSearchParams([['', part]]).toString().slice(1);
  return Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64');
}
