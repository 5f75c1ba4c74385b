import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import type pg from 'pg';
import type { ProtectedResource } from '../auth/access-refusal.js';
import { bearerToken } from '../auth/bearer.js';
import { SCOPES } from '../auth/scopes.js';
import { createTokenVerifier, type TokenVerifierOptions } from '../auth/tokens.js';
import { Failure, messageOf } from '../fault.js';
import type { ApiLogger } from './api-logger.js';
import { formatError } from './error-answers.js';
import { answerLive, answerReady } from './health.js';
import { type ApiResponse, answerError, answerNotFound, authenticate } from './http-answers.js';
import { ReadSession } from './read-session.js';
import type { ReportDescription } from './report-source.js';
import type { RequestContext } from './request-context.js';
import { currentRequestId, identifyRequest } from './request-id.js';
import { reportSchema } from './schema.js';
import { scopePlugin } from './scope-plugin.js';

export interface ApiOptions extends Omit<TokenVerifierOptions, 'algorithms'> {
  /** 0 takes a free port. */
  readonly port: number;
  /** The interface to listen on. */
  readonly host: string;
  /** Connections as the role that may read `reporting` and nothing else; stays the giver's to end. */
  readonly readerPool: pg.Pool;
  readonly reports: readonly ReportDescription[];
  readonly logger: ApiLogger;
  /** The address callers know the API by; its own by default. */
  readonly publicUrl?: string;
}

export interface RunningApi {
  readonly url: string;
  /** Stops taking requests, answers those that came, then resolves. */
  close(): Promise<void>;
}

const METADATA_PATH = '/.well-known/oauth-protected-resource';
const MAX_BODY = '100kb';

/**
 * Starts the API: GraphQL over the published reports at `/graphql` for callers with an access token, `/livez`, `/readyz`.
 * @throws Fault `contract_differs` when schema.graphql does not fit the reports; Failure `port_taken`.
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const schema = await reportSchema(options.reports);
  const app = express();
  const server = createServer(app);
  const url = await listen(server, options.port, options.host);
  const publicUrl = options.publicUrl ?? url;
  const resource: ProtectedResource = {
    realm: options.audience,
    metadataUrl: `${publicUrl}${METADATA_PATH}`,
    defaultScopes: ['reports:read'],
  };
  const apollo = new ApolloServer<RequestContext>({
    schema,
    introspection: true,
    csrfPrevention: true,
    hideSchemaDetailsFromClientErrors: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Apollo's switch of its development conveniences; the process's own environment has no say in it.
    nodeEnv: 'production',
    logger: apolloLogger(options.logger),
    formatError: (formatted, error) => formatError(formatted, error, currentRequestId()),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginDrainHttpServer({ httpServer: server }),
      scopePlugin(schema, resource),
    ],
  });
  await apollo.start();
  const verifier = createTokenVerifier(options);
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(identifyRequest);
  app.get('/livez', answerLive);
  app.get('/readyz', answerReady(options.readerPool));
  app.get(METADATA_PATH, (_request, response) => {
    response.json({
      resource: publicUrl,
      authorization_servers: [options.issuerUrl],
      scopes_supported: SCOPES,
      bearer_methods_supported: ['header'],
    });
  });
  app.use(
    '/graphql',
    authenticate(verifier, bearerToken),
    express.json({ limit: MAX_BODY }),
    expressMiddleware(apollo, {
      context: async ({ res }) => requestContext(res as ApiResponse, options.readerPool),
    }),
  );
  app.use(answerNotFound, answerError(resource, options.logger));
  return { url, close: () => apollo.stop() };
}

function requestContext(response: ApiResponse, pool: pg.Pool): RequestContext {
  const { caller } = response.locals;
  const session = new ReadSession(pool);
  // However the answer ends, also when the caller hangs up: the connection goes back.
  response.once('close', () => void session.close());
  return { requestId: currentRequestId(), caller, session };
}

function apolloLogger(logger: ApiLogger) {
  const at = (level: 'info' | 'warn' | 'error') => (message: unknown) =>
    logger[level]({ from: 'apollo' }, messageOf(message));
  return { debug: () => {}, info: at('info'), warn: at('warn'), error: at('error') };
}

function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new Failure('port_taken', `The API cannot listen on ${host}:${port}: ${messageOf(error)}.`, {
          cause: error,
        }),
      ),
    );
    server.listen(port, host, () => {
      const { port: taken } = server.address() as AddressInfo;
      const name = host === '0.0.0.0' || host === '::' || host === '127.0.0.1' ? 'localhost' : host;
      resolve(`http://${name}:${taken}`);
    });
  });
}
