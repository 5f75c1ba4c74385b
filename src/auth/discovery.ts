import { Failure, messageOf } from '../fault.js';

/** What an OpenID issuer says about itself, as far as it is used here. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly token_endpoint: string;
  readonly authorization_endpoint?: string;
  readonly end_session_endpoint?: string;
  /** RFC 9207: the issuer names itself in the answers of a login. */
  readonly authorization_response_iss_parameter_supported?: boolean;
}

const DISCOVERY_TIMEOUT_MS = 5_000;

/**
 * Reads `<issuer>/.well-known/openid-configuration` (OpenID Connect Discovery 1.0, section 4).
 * @throws Failure `issuer_unreachable` when it does not answer, `issuer_mismatch` when the document names
 * another issuer: a document from elsewhere must not decide whose keys are trusted.
 */
export async function discoverIssuer(issuerUrl: string): Promise<IssuerMetadata> {
  const url = `${issuerUrl.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = await fetchJson(url);
  if (found.issuer !== issuerUrl) {
    throw new Failure(
      'issuer_mismatch',
      `${url} names the issuer ${JSON.stringify(found.issuer)}, expected "${issuerUrl}": set OIDC_ISSUER to the issuer's exact name.`,
    );
  }
  for (const field of ['jwks_uri', 'token_endpoint'] as const) {
    if (typeof found[field] !== 'string') {
      throw new Failure(
        'issuer_unreachable',
        `${url} has no ${field}: the issuer is not an OpenID provider.`,
      );
    }
  }
  return found as unknown as IssuerMetadata;
}

async function fetchJson(url: string): Promise<Record<string, unknown>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.json()) as Record<string, unknown>;
  } catch (error) {
    throw new Failure(
      'issuer_unreachable',
      `The issuer's ${url} could not be read (${messageOf(error)}): check that the issuer runs and OIDC_ISSUER is right.`,
      { cause: error },
    );
  }
}
