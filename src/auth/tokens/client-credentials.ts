import {
  ClientSecretBasic,
  clientCredentialsGrant,
  ResponseBodyError,
  type TokenEndpointResponse,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { Failure, Fault, messageOf } from '../../fault.js';
import { issuerConfiguration } from '../discovery.js';

export interface ClientCredentials {
  readonly issuerUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The scopes to request. */
  readonly scopes: readonly string[];
}

export interface IssuedToken {
  readonly accessToken: string;
  /** Seconds until it expires. */
  readonly expiresIn: number;
  readonly scope: string;
}

/**
 * Requests an access token from an issuer with client credentials (RFC 6749 section 4.4).
 * @throws Failure `issuer_unreachable` if it does not respond; Fault `token_refused` with its reason if it refuses
 */
export async function fetchClientToken(client: ClientCredentials): Promise<IssuedToken> {
  const { issuerUrl, clientId, clientSecret } = client;
  const scope = client.scopes.join(' ');
  const configuration = await issuerConfiguration(issuerUrl, {
    id: clientId,
    authentication: ClientSecretBasic(clientSecret),
  });
  let answer: TokenEndpointResponse;
  try {
    answer = await clientCredentialsGrant(configuration, { scope });
  } catch (error) {
    throw tokenError(error, client);
  }
  return {
    accessToken: answer.access_token,
    expiresIn: Number(answer.expires_in),
    scope: answer.scope ?? scope,
  };
}

function tokenError(error: unknown, { clientId, issuerUrl }: ClientCredentials): Error {
  const reason = refusalReason(error);
  if (reason !== undefined)
    return new Fault('token_refused', `The issuer refused a token for ${clientId}: ${reason}.`, {
      cause: error,
    });
  return new Failure(
    'issuer_unreachable',
    `The token endpoint of the issuer ${issuerUrl} does not respond (${messageOf(error)}). Check that the issuer runs.`,
    { cause: error },
  );
}

/** The reason the issuer gave; undefined if it did not answer as an issuer does. */
function refusalReason(error: unknown): string | undefined {
  if (error instanceof ResponseBodyError) return error.error_description ?? error.error;
  if (error instanceof WWWAuthenticateChallengeError) {
    const { error_description: description, error: code } = error.cause[0]?.parameters ?? {};
    return description ?? code ?? `status ${error.status}`;
  }
  return undefined;
}
