import {
  allowInsecureRequests,
  type ClientAuth,
  ClientError,
  type Configuration,
  discovery,
  None,
} from 'openid-client';
import { Failure, messageOf } from '../fault.js';

/** The part of an OpenID issuer's metadata that is used here. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly token_endpoint: string;
  readonly authorization_endpoint?: string;
  /** RFC 9207: the issuer names itself in its response to a login. */
  readonly authorization_response_iss_parameter_supported?: boolean;
}

const ISSUER_TIMEOUT_SECONDS = 5;

/** How this service identifies itself to an issuer. */
interface IssuerClient {
  readonly id: string;
  readonly authentication: ClientAuth;
}

/** Reading metadata needs no registered client, but the library asks for an id. */
const NO_CLIENT: IssuerClient = { id: 'marquee', authentication: None() };

/**
 * Reads `<issuer>/.well-known/openid-configuration` (OpenID Connect Discovery 1.0, section 4).
 * @throws Failure `issuer_unreachable` if it does not respond, `issuer_mismatch` if the document names another issuer:
 * a foreign document must not decide whose keys are trusted
 */
export async function discoverIssuer(issuerUrl: string): Promise<IssuerMetadata> {
  const metadata = (await issuerConfiguration(issuerUrl)).serverMetadata();
  return metadata as unknown as IssuerMetadata;
}

/** The configuration that openid-client needs to talk to an issuer. Throws the same errors as `discoverIssuer`. */
export async function issuerConfiguration(
  issuerUrl: string,
  { id, authentication }: IssuerClient = NO_CLIENT,
): Promise<Configuration> {
  const configuration = await discover(issuerUrl, id, authentication);
  const metadata = configuration.serverMetadata();
  // The library ignores a slash at the end and makes exceptions for some vendors. Tokens must name the issuer exactly.
  if (metadata.issuer !== issuerUrl) throw mismatch(issuerUrl, metadata.issuer);
  for (const field of ['jwks_uri', 'token_endpoint'] as const) {
    if (typeof metadata[field] !== 'string') {
      throw new Failure(
        'issuer_unreachable',
        `The metadata of the issuer ${issuerUrl} has no ${field}. Set OIDC_ISSUER to an OpenID provider.`,
      );
    }
  }
  return configuration;
}

async function discover(issuerUrl: string, clientId: string, auth: ClientAuth): Promise<Configuration> {
  try {
    const server = new URL(issuerUrl);
    return await discovery(server, clientId, undefined, auth, {
      timeout: ISSUER_TIMEOUT_SECONDS,
      execute: server.protocol === 'http:' ? [allowInsecureRequests] : [],
    });
  } catch (error) {
    if (error instanceof ClientError && error.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') {
      const { body } = error.cause as { body?: { issuer?: unknown } };
      throw mismatch(issuerUrl, body?.issuer);
    }
    throw new Failure(
      'issuer_unreachable',
      `Cannot read the metadata of the issuer ${issuerUrl} (${messageOf(error)}). Check that the issuer runs and that OIDC_ISSUER is correct.`,
      { cause: error },
    );
  }
}

function mismatch(issuerUrl: string, found: unknown): Failure {
  return new Failure(
    'issuer_mismatch',
    `The metadata at ${issuerUrl} names the issuer ${JSON.stringify(found)}, expected "${issuerUrl}". Set OIDC_ISSUER to the exact name of the issuer.`,
  );
}
