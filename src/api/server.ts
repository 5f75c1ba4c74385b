import type { IncomingMessage } from 'node:http';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { ProtectedResource } from '../auth/access-error.js';
import type { LoginClient } from '../auth/login/login.js';
import { SCOPES } from '../auth/scopes.js';
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
import { memoryRateLimits, sharedRateLimits } from './limits/rate-limit-store.js';
import { AnswerCache } from './operation/answer-cache.js';
import { loadSafelist } from './operation/safelist.js';
import { people } from './pages/browser-routes.js';
import { START_PATH, startPage } from './pages/start-page.js';
import { dropUploadHandler } from './runs/drop-upload.js';
import type { BoardQueue } from './runs/queue-board.js';
import { jobResolvers } from './runs/run-resolvers.js';

export interface ApiOptions extends Omit<TokenVerifierOptions, 'algorithms' | 'revocations'> {
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
  /** JSON file that narrows clients; nobody is narrowed without one. */
  readonly policyFile?: string;
  /** File of revoked token ids, one a line. */
  readonly revocationsFile?: string;
  /** JSON list of the only documents that are answered. */
  readonly safelistFile?: string;
  readonly limits?: Partial<RequestLimits>;
  /** What callers without a quota of their own may use. */
  readonly quotas?: Quotas;
  /** Counts rateLimiter for all API processes together; stays the giver's to end. */
  readonly redis?: Redis;
  /** Begins the names of keys in Redis. */
  readonly redisPrefix?: string;
  /** Origins whose pages may ask with a token. */
  readonly corsOrigins?: readonly string[];
  /** Reaches the pipeline over its queue; without it what concerns runs answers QUEUE_UNAVAILABLE. */
  readonly control?: ControlClient;
  /** How people log in with a browser; without it callers have tokens alone. */
  readonly login?: LoginClient;
  /** Shown at `/admin/queues` to those who are logged in and may see jobs; stay the giver's to close. */
  readonly queues?: readonly BoardQueue[];
  /** Where sent files are put, and how large one may be; without it none are taken. */
  readonly inbox?: { readonly folder: string; readonly maxBytes: number };
  /** Port of the Prometheus metrics; not served without one. */
  readonly metricsPort?: number;
  /** How long requests under way may still take when the server stops, in ms. */
  readonly graceMs?: number;
  /** Memory for answers that are given again, in bytes. */
  readonly cacheBytes?: number;
}

export interface RunningApi {
  readonly url: string;
  /** Where Prometheus finds the metrics. */
  readonly metricsUrl?: string;
  /** Stops taking requests, answers those that came, then resolves. */
  close(): Promise<void>;
}

const DEFAULT_CACHE_BYTES = 64_000_000;
const METADATA_PATH = '/.well-known/oauth-protected-resource';

/**
 * Starts the API: GraphQL over the published reports at `/graphql` for callers with an access token, `/livez`, `/readyz`,
 * and `/`, which says what there is.
 * @throws Fault `contract_differs` when schema.graphql does not fit the reports, `policy_invalid`, `safelist_invalid`,
 * `revocations_unreadable`; Failure `port_taken`.
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { logger, readerPool, reports } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { schema } = await reportSchema(reports, jobResolvers(options.control));
  const policies = await loadCallerPolicies(options.policyFile, reports);
  const safelist = options.safelistFile ? await loadSafelist(options.safelistFile) : undefined;
  const access = await openAccess(options);
  const metrics = apiMetrics(readerPool);
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
    options.login && people({ ...options, client: options.login, publicUrl, verify: access.verify });
  const shared = { callerOf: access.callerOf, policies, rateLimiter: rateLimiterOf(options), readerPool };
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
      { path: '/readyz', handle: answerReady(readerPool) },
      { path: METADATA_PATH, handle: answerJson(resourceMetadata(publicUrl, options.issuerUrl)) },
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

/** How callers are told from their requests. */
async function openAccess(options: ApiOptions) {
  const revocations = options.revocationsFile
    ? await followRevocations(options.revocationsFile, (error) =>
        options.logger.warn(
          { err: error },
          'the revocation list cannot be read; the one before stays in force',
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

function rateLimiterOf({ redis, redisPrefix, quotas, logger }: ApiOptions): RateLimiter {
  const store = redis ? sharedRateLimits(redis, redisPrefix ?? 'marquee', logger) : memoryRateLimits();
  return new RateLimiter(store, quotas);
}

/** RFC 9728 section 2. */
function resourceMetadata(publicUrl: string, issuerUrl: string): object {
  return {
    resource: publicUrl,
    authorization_servers: [issuerUrl],
    scopes_supported: SCOPES,
    bearer_methods_supported: ['header'],
  };
}
