import { createServer, type Server } from 'node:http';
import type Provider from 'oidc-provider';
import type { AdapterFactory, Configuration } from 'oidc-provider';
// Not from the package's entry point: the only thing it adds is a warning about Node 20, on which the package works.
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';
import { Provider as OidcProvider } from 'oidc-provider/lib/provider.js';
import { Fault } from '../../fault.js';
import { listenAt } from '../../listening.js';
import { SCOPES } from '../scopes.js';
import { interactionListener } from './interaction.js';
import { SEEDED_CLIENTS, type SeededClient } from './seeded-clients.js';
import { type IssuerSecrets, loadIssuerSecrets } from './store.js';

/** Why the development issuer may run. Its clients and accounts are public, since they are in the source code. */
export type IssuerPermission = 'embedded-default' | 'asked-by-name' | 'none';

export interface IssuerOptions {
  /** Port on the loopback interface; 0 for any free port. */
  readonly port: number;
  /** Where the embedded database and all other state are kept, including the issuer's keys and secrets. */
  readonly home: string;
  readonly permission: IssuerPermission;
  /** The `aud` of the tokens. */
  readonly audience?: string;
  /** The exact addresses that a browser may be redirected to after login; by default, any port of this host (RFC 8252 section 7.3). */
  readonly redirectUris?: readonly string[];
  /** Lifetime of access tokens in seconds. */
  readonly accessTokenSeconds?: number;
}

export interface RunningIssuer {
  readonly issuerUrl: string;
  readonly clients: readonly SeededClient[];
  /** Replaces the addresses that a browser may be redirected to: the API may choose its port after the issuer has started. */
  registerRedirects(uris: readonly string[]): void;
  close(): Promise<void>;
}

type ClientOf = (id: string) => ReturnType<typeof clientMetadata> | undefined;

/** The issuer's name for the API. Tokens requested without a resource are issued for it. */
const API_RESOURCE = 'urn:marquee:api';

const DEFAULT_AUDIENCE = 'marquee';

const DEFAULT_REDIRECT_URI = 'http://localhost/login/callback';

/**
 * Starts the OpenID issuer for development, on the loopback interface only. It issues RFC 9068 access tokens to the
 * seeded clients.
 * @throws Fault `issuer_not_permitted` without a permission; Failure `port_taken`
 */
export async function startIssuer(options: IssuerOptions): Promise<RunningIssuer> {
  if (options.permission === 'none') {
    throw new Fault(
      'issuer_not_permitted',
      'The built-in issuer is for development only and was not requested. Set OIDC_ISSUER to a real issuer.',
    );
  }
  const secrets = await loadIssuerSecrets(options.home);
  const server = createServer();
  const port = await listenAt(server, {
    port: options.port,
    host: '127.0.0.1',
    what: 'The issuer',
    settings: 'PORT, to which it takes the next one, or ISSUER_PORT',
  });
  const issuerUrl = `http://localhost:${port}`;
  const clients = SEEDED_CLIENTS.map((client) => ({ ...client, secret: secrets.clientSecrets[client.id] }));
  let redirectUris = options.redirectUris;
  const clientOf = (id: string) => {
    const client = clients.find((each) => each.id === id);
    return client && clientMetadata(client, redirectUris);
  };
  const provider = new OidcProvider(issuerUrl, configuration(options, secrets, clientOf)) as Provider;
  const answer = provider.callback();
  const interact = interactionListener(provider, API_RESOURCE);
  server.on('request', (request, response) =>
    request.url?.startsWith('/interaction/')
      ? void interact(request, response)
      : void answer(request, response),
  );
  return {
    issuerUrl,
    clients,
    registerRedirects: (uris) => {
      redirectUris = uris;
    },
    close: () => close(server),
  };
}

function configuration(options: IssuerOptions, secrets: IssuerSecrets, clientOf: ClientOf): Configuration {
  const seconds = options.accessTokenSeconds ?? 3600;
  return {
    adapter: storage(clientOf),
    jwks: secrets.jwks as Configuration['jwks'],
    cookies: { keys: [...secrets.cookieKeys] },
    scopes: ['openid', 'offline_access', ...SCOPES],
    pkce: { required: () => true },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    clientBasedCORS: () => false,
    renderError(ctx, out) {
      ctx.type = 'json';
      ctx.body = out;
    },
    ttl: {
      AccessToken: seconds,
      ClientCredentials: seconds,
      IdToken: 3600,
      Interaction: 3600,
      Session: 14 * 86_400,
      Grant: 14 * 86_400,
      RefreshToken: 14 * 86_400,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => API_RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          audience: options.audience ?? DEFAULT_AUDIENCE,
          scope: SCOPES.join(' '),
          accessTokenTTL: seconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
}

/** Keeps everything in memory, and reads clients from here, since their addresses may change. */
function storage(clientOf: ClientOf): AdapterFactory {
  const inMemory = createMemoryAdapter();
  return (model) => {
    const adapter = inMemory(model);
    if (model === 'Client') adapter.find = async (id) => clientOf(id);
    return adapter;
  };
}

function clientMetadata(client: SeededClient, redirectUris: readonly string[] | undefined) {
  const isBrowserClient = client.kind === 'authorization_code';
  return {
    client_id: client.id,
    client_secret: client.secret,
    grant_types: isBrowserClient ? ['authorization_code', 'refresh_token'] : ['client_credentials'],
    response_types: isBrowserClient ? ['code' as const] : [],
    redirect_uris: isBrowserClient ? [...(redirectUris ?? [DEFAULT_REDIRECT_URI])] : [],
    ...(isBrowserClient && {
      // The addresses of a native application match with every port, those of a web application exactly.
      application_type: redirectUris === undefined ? ('native' as const) : ('web' as const),
      // The only method that passport-oauth2 supports.
      token_endpoint_auth_method: 'client_secret_post' as const,
    }),
    scope: [...(isBrowserClient ? ['openid', 'offline_access'] : []), ...client.scopes].join(' '),
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
