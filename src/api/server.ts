import type { IncomingMessage } from 'node:http';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { ProtectedResource } from '../auth/access-error.js';
import type { LoginClient } from '../auth/login/login.js';
import { SharedSessions } from '../auth/login/shared-sessions.js';
import { SCOPES } from '../auth/scopes.js';
import { scopeAtIssuer } from '../auth/token-profile.js';
import { bearerToken } from '../auth/tokens/bearer.js';
import { followRevocations } from '../auth/tokens/revocations.js';
import { createTokenVerifier, type TokenVerifierOptions } from '../auth/tokens/tokens.js';
import { cacheVerifiedTokens } from '../auth/tokens/verified-tokens.js';
import type { ControlClient } from '../queue/control/control.js';
import { loadCallerPolicies, type Quotas } from './access/caller-policy.js';
import type { ApiLogger } from './api-logger.js';
import type { ReportDescription } from './contract/report-description.js';
import { exportHandler } from './export/export.js';
import { startApollo } from './graphql/apollo.js';
import { graphqlHandler } from './graphql/handler.js';
import { PublicationWatch } from './graphql/publication-watch.js';
import { reportSchema } from './graphql/schema.js';
import { answerLive, answerReady } from './http/health.js';
import { listen } from './http/listener.js';
import { apiMetrics } from './http/metrics.js';
import { answerJson, createRouter } from './http/router.js';
import { DEFAULT_LIMITS, type RequestLimits } from './limits/limits.js';
import { RateLimiter } from './limits/rate-limit.js';
import { memoryRateLimits, type RateLimitStore, sharedRateLimits } from './limits/rate-limit-store.js';
import { AnswerCache } from './operation/answer-cache.js';
import { loadSafelist } from './operation/safelist.js';
import { browserRoutes } from './pages/browser-routes.js';
import { START_PATH, startPage } from './pages/start-page.js';
import { auditQueries } from './runs/audit-resolvers.js';
import { type DropUploadOptions, dropUploadHandler } from './runs/drop-upload.js';
import type { BoardQueue } from './runs/queue-board.js';
import { jobResolvers } from './runs/run-resolvers.js';
import { type PoolerMode, preparePooling } from './sql/pooling.js';

export interface ApiOptions extends Omit<TokenVerifierOptions, 'algorithms' | 'revocations'> {
  /** 0 picks a free port. */
  readonly port: number;
  /** Network interface to listen on. */
  readonly host: string;
  /** Connects as the role that can read only `reporting`. The caller ends it. */
  readonly readerPool: pg.Pool;
  /** What stands between `readerPool` and its database; detected by default. */
  readonly pooler?: PoolerMode | undefined;
  readonly reports: readonly ReportDescription[];
  readonly logger: ApiLogger;
  /** The address under which clients reach the API. By default the address it listens on. */
  readonly publicUrl?: string;
  /** JSON file of caller policies. Without it, no client is restricted. */
  readonly policyFile?: string;
  /** File of revoked token ids, one per line. */
  readonly revocationsFile?: string;
  /** JSON list of the only documents that are accepted. Without it, all are. */
  readonly safelistFile?: string;
  readonly limits?: Partial<RequestLimits>;
  /** Quotas of callers whose policy sets none. */
  readonly quotas?: Quotas;
  /** Shares the rate limits between API processes. The caller closes it. */
  readonly redis?: Redis;
  /** Prefix of the keys in Redis. */
  readonly redisPrefix?: string;
  /** Origins whose pages may send requests with a token. */
  readonly corsOrigins?: readonly string[];
  /** Reaches the pipeline through its queue. Without it, everything about runs fails with QUEUE_UNAVAILABLE. */
  readonly control?: ControlClient;
  /** With `redis`, shares login sessions between API processes that have the same secret. */
  readonly sessionSecret?: string | undefined;
  /** The OpenID Connect client for logging in with a browser. Without it, only tokens are accepted. */
  readonly login?: LoginClient;
  /** Shown at `/admin/queues` to logged-in users with the scope jobs:read. The caller closes them. */
  readonly queues?: readonly BoardQueue[];
  /** Folder for uploaded files and the maximum size of one. Without it, uploads are disabled. */
  readonly inbox?: Pick<DropUploadOptions, 'folder' | 'maxBytes' | 'complaintOf'>;
  /** Port of the Prometheus metrics. Without it, they are not served. */
  readonly metricsPort?: number;
  /** How long running requests may take to finish after the server is asked to stop, in ms. */
  readonly graceMs?: number;
  /** Memory for cached responses, in bytes. */
  readonly cacheBytes?: number;
}

export interface RunningApi {
  readonly url: string;
  /** Address of the Prometheus metrics. */
  readonly metricsUrl?: string;
  /** Stops accepting requests, finishes the running ones, then resolves. */
  close(): Promise<void>;
}

const DEFAULT_CACHE_BYTES = 64_000_000;
const METADATA_PATH = '/.well-known/oauth-protected-resource';

/**
 * Starts the API: GraphQL over the published reports at `/graphql`, exports, uploads, health checks, and a start page
 * at `/` that links to everything.
 * @throws Fault `contract_differs` when schema.graphql does not match the reports, `policy_invalid`, `safelist_invalid`,
 * `revocations_unreadable`; Failure `port_taken`.
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { logger, readerPool, reports } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  await preparePooling(readerPool, options.pooler, (found) => logger.warn({}, found), limits.statementMs);
  const ofRuns = jobResolvers(options.control);
  const { schema } = await reportSchema(reports, {
    ...ofRuns,
    Query: { ...ofRuns.Query, ...auditQueries(options.control) },
  });
  const policies = await loadCallerPolicies(options.policyFile, reports);
  const safelist = options.safelistFile ? await loadSafelist(options.safelistFile) : undefined;
  const access = await openAccess(options);
  const rateLimits = rateLimitStoreOf(options);
  const metrics = apiMetrics(readerPool, rateLimits.isShared);
  const metricsServer =
    options.metricsPort === undefined ? undefined : await metrics.listen(options.metricsPort, options.host);
  const router = createRouter();
  const listener = await listen(router.listener, router.classes, options).catch(async (error: unknown) => {
    await metricsServer?.close();
    throw error;
  });
  const publicUrl = options.publicUrl ?? listener.url;
  const resource: ProtectedResource = {
    realm: options.audience,
    metadataUrl: `${publicUrl}${METADATA_PATH}`,
    defaultScopes: ['reports:read'],
  };
  const browsers =
    options.login &&
    browserRoutes({
      ...options,
      client: options.login,
      publicUrl,
      verify: access.verify,
      sessions: sharedSessions(options),
    });
  const shared = {
    callerOf: access.callerOf,
    policies,
    rateLimiter: new RateLimiter(rateLimits, options.quotas),
    readerPool,
  };
  const apollo = await startApollo({ schema, reports, readerPool, limits, safelist, resource, logger });
  const graphql = graphqlHandler({
    ...shared,
    callerOf: async (request) => {
      const token = browsers?.tokenOf(request);
      return token === undefined ? access.callerOf(request) : access.verify(token);
    },
    apollo,
    cache: new AnswerCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES),
    watch: new PublicationWatch(readerPool),
    limits,
  });
  const start = startPage({
    ...options,
    publicUrl,
    metadataPath: METADATA_PATH,
    login: browsers !== undefined,
    queueBoard: browsers !== undefined && (options.queues ?? []).length > 0,
  });
  router.serve({
    routes: [
      { path: START_PATH, handle: [...(browsers?.recognize ?? []), start] },
      { path: '/graphql', handle: [...(browsers?.recognize ?? []), graphql] },
      { path: '/export/', handle: exportHandler({ ...shared, limits, schema, reports }) },
      ...(options.inbox
        ? [
            {
              path: '/admin/drops/',
              handle: dropUploadHandler({ ...shared, ...options.inbox, control: options.control }),
            },
          ]
        : []),
      ...(browsers?.routes ?? []),
      { path: '/livez', handle: answerLive },
      { path: '/readyz', handle: answerReady(readerPool, rateLimits.isShared) },
      { path: METADATA_PATH, handle: answerJson(resourceMetadata(publicUrl, options)) },
    ],
    resource,
    logger,
    metrics,
    corsOrigins: options.corsOrigins ?? [],
  });
  return {
    url: listener.url,
    metricsUrl: metricsServer?.url,
    async close() {
      await listener.close();
      await apollo.stop();
      access.close();
      await metricsServer?.close();
    },
  };
}

function sharedSessions({ redis, redisPrefix = 'marquee', sessionSecret }: ApiOptions) {
  if (redis === undefined || sessionSecret === undefined) return undefined;
  return { store: new SharedSessions(redis, redisPrefix, sessionSecret), secret: sessionSecret };
}

/** Verifies the tokens of requests, with caching and revocation. */
async function openAccess(options: ApiOptions) {
  const revocations = options.revocationsFile
    ? await followRevocations(options.revocationsFile, (error) =>
        options.logger.warn(
          { err: error },
          'cannot read the revocation list; the previous list stays in effect',
        ),
      )
    : undefined;
  const verifier = cacheVerifiedTokens({
    verifier: createTokenVerifier({ ...options, revocations }),
    keysMaxAgeMs: options.keysMaxAgeMs,
    clockToleranceSeconds: options.clockToleranceSeconds,
  });
  return {
    verify: (token: string) => verifier.verify(token),
    callerOf: (request: IncomingMessage) => verifier.verify(bearerToken(request)),
    close: () => revocations?.close(),
  };
}

function rateLimitStoreOf({ redis, redisPrefix, logger }: ApiOptions): RateLimitStore {
  return redis ? sharedRateLimits(redis, redisPrefix ?? 'marquee', logger) : memoryRateLimits();
}

/** The metadata of RFC 9728 section 2: from it, clients learn where to get a token. */
function resourceMetadata(publicUrl: string, options: ApiOptions): object {
  return {
    resource: publicUrl,
    authorization_servers: [options.issuerUrl],
    scopes_supported: SCOPES.map((scope) => scopeAtIssuer(scope, options)),
    bearer_methods_supported: ['header'],
  };
}
