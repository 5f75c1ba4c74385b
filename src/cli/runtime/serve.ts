import { Redis } from 'ioredis';
import { queues } from '../../../jobs/services.js';
import { type RunningApi, startApi } from '../../api/server.js';
import { type RunningIssuer, startIssuer } from '../../auth/issuer/issuer.js';
import { type LoginClient, loginCallback } from '../../auth/login/login.js';
import { movies } from '../../dataset/movies.js';
import { Failure, Fault } from '../../fault.js';
import { complaintOfPeriod } from '../../period.js';
import { openQueueBackend } from '../../queue/backend/backend.js';
import { controlLater, openControlClient } from '../../queue/control/control.js';
import { complaintOfFileName } from '../../source/drop/feed-of-file.js';
import { type Log, quietly } from '../output/log.js';
import type { Environment } from './environment.js';

/** The API, and the built-in issuer unless another is configured. */
export interface Serving {
  readonly api: RunningApi;
  readonly issuerUrl: string;
  /** The built-in issuer, when this process runs it. */
  readonly issuer?: RunningIssuer;
  close(): Promise<void>;
}

/**
 * Starts the API. It connects as the reader role and needs no other access to the database.
 *
 * @throws Fault `issuer_missing` when no issuer is configured or allowed
 */
export async function serve(environment: Environment, log: Log): Promise<Serving> {
  const { configuration } = environment;
  const issuer = configuration.issuerUrl === undefined ? await builtInIssuer(environment) : undefined;
  const issuerUrl = configuration.issuerUrl ?? issuer!.issuerUrl;
  const queue = await openControl(environment, log);
  try {
    const api = await startApi({
      port: configuration.port,
      host: configuration.host,
      publicUrl: configuration.publicUrl,
      readerPool: environment.pool('reader'),
      pooler: configuration.pooler,
      issuerUrl,
      audience: configuration.audience,
      profile: issuer === undefined ? configuration.tokenProfile : undefined,
      reports: movies.reports,
      logger: log,
      corsOrigins: configuration.corsOrigins,
      policyFile: configuration.policyFile,
      revocationsFile: configuration.revocationsFile,
      safelistFile: configuration.safelistFile,
      metricsPort: configuration.metricsPort,
      inbox: {
        folder: configuration.inbox.folder,
        maxBytes: configuration.maxUploadBytes,
        complaintOf: (period, fileName) =>
          complaintOfPeriod(period, configuration.earliestPeriod) ??
          complaintOfFileName(fileName, movies.feeds),
      },
      control: queue?.control,
      queues: queue?.queues,
      login: loginClient(environment, issuer),
      redis: queue?.redis,
      sessionSecret: configuration.sessionSecret,
      redisPrefix: configuration.queuePrefix,
    });
    issuer?.registerRedirects([loginCallback(configuration.publicUrl ?? api.url)]);
    return {
      api,
      issuerUrl,
      issuer,
      async close() {
        await api.close();
        await queue?.close();
        await issuer?.close();
      },
    };
  } catch (error) {
    await queue?.close();
    await issuer?.close();
    throw error;
  }
}

/**
 * Connects to the queue, the API's only way to the pipeline. Without a connection the API still serves reports and answers
 * requests about runs with an error; each such request tries again to connect.
 */
async function openControl(environment: Environment, log: Log) {
  const { redisUrl } = environment.configuration;
  if (redisUrl === undefined && !environment.has('queue')) {
    return undefined;
  }
  const open = () => openQueueBackend(environment.queueLocation(), quietly(log));
  const backend = await open().catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    log.warn(`${error.message} Reports are served; requests about runs fail until it answers.`);
    return undefined;
  });
  const control =
    backend === undefined ? controlLater(open) : { ...openControlClient(backend), close: backend.close };
  const redis = redisUrl === undefined ? undefined : new Redis(redisUrl, { maxRetriesPerRequest: 1 });
  redis?.on('error', quietly(log));
  return {
    control,
    queues: Object.values(queues).flatMap((name) => backend?.makeQueue(name) ?? []),
    redis,
    async close() {
      redis?.disconnect();
      await control.close();
    },
  };
}

/** The client for browser logins: the configured one, or the built-in issuer's. */
function loginClient({ configuration }: Environment, issuer?: RunningIssuer): LoginClient | undefined {
  if (issuer === undefined) return configuration.loginClient;
  const client = issuer.clients.find(({ kind }) => kind === 'authorization_code');
  // Always ask, so that a developer can switch to another account.
  return client && { id: client.id, secret: client.secret, alwaysAsk: true };
}

/** Starts the built-in issuer where it is allowed: with the embedded database, or when ALLOW_DEVELOPMENT_ISSUER is set. */
export async function builtInIssuer({ configuration, embedded }: Environment): Promise<RunningIssuer> {
  const { home, issuerPort: port, audience, allowDevelopmentIssuer, publicUrl } = configuration;
  const permission = embedded ? 'embedded-default' : allowDevelopmentIssuer ? 'asked-by-name' : 'none';
  if (permission === 'none') {
    throw new Fault(
      'issuer_missing',
      'No token issuer is configured. Set OIDC_ISSUER to your issuer, or ALLOW_DEVELOPMENT_ISSUER=1 to run the built-in one.',
    );
  }
  // Without a public URL the API's address is registered when it is known.
  const redirectUris = publicUrl === undefined ? [] : [loginCallback(publicUrl)];
  return startIssuer({ port, home, permission, audience, redirectUris });
}
