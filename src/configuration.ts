import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Fault } from './fault.js';
import { defaultEarliestPeriod, monthSchema } from './period.js';
import { databaseUrl, file, flag, list, names, share, url, wholeNumber } from './setting-types.js';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const otlpProtocol = z.enum(['http/protobuf', 'http/json'], 'expected http/protobuf or http/json').optional();

/** Every variable that Marquee reads, with its default. The README has the same table; a test compares the names. */
const environmentSchema = z
  .object({
    MARQUEE_HOME: z
      .string()
      .min(1)
      .default('.marquee')
      .transform((path) => resolve(path)),
    PORT: wholeNumber(0, 65535).default(4000),
    HOST: z
      .string()
      .transform((text) => text.replace(/^\[(.*)\]$/, '$1'))
      .refine(
        (text) => isIP(text) > 0 || /^\w([\w.-]*\w)?$/.test(text),
        'expected an IP address or a host name, without a port',
      )
      .default('127.0.0.1'),
    POSTGRES_PORT: wholeNumber(1, 65535).optional(),
    DATABASE_URL: databaseUrl,
    DATABASE_PIPELINE_URL: databaseUrl,
    DATABASE_READER_URL: databaseUrl,
    DATABASE_POOLER: z.enum(['none', 'session', 'transaction']).optional(),
    DATABASE_QUEUE_URL: databaseUrl,
    REDIS_URL: url('redis:', 'rediss:').optional(),
    QUEUE_PREFIX: z
      .string()
      .regex(/^[a-z0-9_-]+$/i, 'expected letters, digits, - and _')
      .default('marquee'),
    OIDC_ISSUER: url('http:', 'https:').optional(),
    OIDC_AUDIENCE: z.string().min(1).default('marquee'),
    OIDC_TOKEN_TYPES: names('at+jwt'),
    OIDC_SCOPE_CLAIM: names('scope'),
    OIDC_CLIENT_CLAIM: z.string().min(1).default('client_id'),
    OIDC_AUDIENCE_CLAIM: z.enum(['aud', 'scope'], 'expected aud or scope').default('aud'),
    OIDC_CLIENT_ID: z.string().min(1).optional(),
    OIDC_CLIENT_SECRET: z.string().min(1).optional(),
    SESSION_SECRET: z.string().min(32, 'expected at least 32 characters').optional(),
    ISSUER_PORT: wholeNumber(0, 65535).optional(),
    PUBLIC_URL: url('http:', 'https:').optional(),
    CORS_ORIGINS: z.string().default('').transform(list),
    POLICY_FILE: file,
    REVOCATIONS_FILE: file,
    SAFELIST_FILE: file,
    METRICS_PORT: wholeNumber(0, 65535).optional(),
    MAX_UPLOAD_MEGABYTES: wholeNumber(1, 1_000_000).default(4096),
    PII_KEY: z.string().min(32, 'expected at least 32 characters').optional(),
    INBOX: z
      .string()
      .min(1)
      .optional()
      .transform((path) => (path === undefined ? undefined : resolve(path))),
    INBOX_SCAN_SECONDS: wholeNumber(1, 86_400).default(60),
    INBOX_STABLE_SECONDS: wholeNumber(0, 86_400).default(30),
    FEED_LATE_DAYS: wholeNumber(0, 365).default(20),
    MAX_REJECT_SHARE: share.default(0.01),
    MAX_UNKEYED_SHARE: share.default(0.5),
    EARLIEST_PERIOD: monthSchema.default(defaultEarliestPeriod),
    MAX_UNUSABLE_SHARE: share.default(0.05),
    MAX_ROW_LOSS_SHARE: share.default(0.2),
    RETAINED_PUBLICATIONS: wholeNumber(1, 10_000).default(24),
    WORKER_CONCURRENCY: wholeNumber(1, 64).default(2),
    MAX_OUTAGE_MINUTES: wholeNumber(1, 10_080).default(60),
    LOG_LEVEL: z.enum(logLevels, `expected one of ${logLevels.join(', ')}`).default('info'),
    ALLOW_DEVELOPMENT_ISSUER: flag,
    SET_ROLE_PASSWORDS: flag,
    OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:').optional(),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url('http:', 'https:').optional(),
    OTEL_EXPORTER_OTLP_PROTOCOL: otlpProtocol,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: otlpProtocol,
    OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none'], 'expected otlp or none').optional(),
    OTEL_SDK_DISABLED: flag,
  })
  .refine((read) => !read.OIDC_CLIENT_ID === !read.OIDC_CLIENT_SECRET, {
    path: ['OIDC_CLIENT_SECRET'],
    message: 'expected together with OIDC_CLIENT_ID, or neither of the two',
  })
  .superRefine((read, context) => {
    const issuer = read.OIDC_ISSUER === undefined ? (read.ISSUER_PORT ?? (read.PORT && read.PORT + 1)) : 0;
    if (issuer > 65_535)
      context.addIssue({
        code: 'custom',
        path: ['ISSUER_PORT'],
        message: 'expected a port, because PORT is the last one',
      });
    const ports = { PORT: read.PORT, ISSUER_PORT: issuer, ...otherPorts(read) };
    const named = Object.entries(ports).filter(([, port]) => port);
    for (const [index, [name, port]] of named.entries()) {
      const other = named.slice(0, index).find(([, earlier]) => earlier === port);
      if (other)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `expected another port than ${other[0]}, which is ${port} as well`,
        });
    }
  });

function otherPorts(read: { METRICS_PORT?: number; POSTGRES_PORT?: number }) {
  return { METRICS_PORT: read.METRICS_PORT, POSTGRES_PORT: read.POSTGRES_PORT };
}

/** The names of all settings, in the order of the README's table. */
export const settingNames: readonly string[] = Object.keys(environmentSchema.shape);

/** The settings of one process. Paths are absolute. */
export interface Configuration {
  /** The folder of the embedded database and all other state. */
  home: string;
  /** Port of the API; 0 chooses a free one. */
  port: number;
  host: string;
  /** Port of the embedded Postgres; undefined: the one of its last start. */
  postgresPort?: number;
  /** Connection strings by role. The embedded Postgres provides the missing ones. */
  database: { owner?: string; pipeline?: string; reader?: string; queue?: string };
  /** What stands between the API and its database; detected when not given. */
  pooler?: 'none' | 'session' | 'transaction';
  redisUrl?: string;
  queuePrefix: string;
  /** Issuer of access tokens; undefined: the built-in issuer. */
  issuerUrl?: string;
  /** The client for browser logins at an external issuer; undefined: browser logins are off there. */
  loginClient?: { id: string; secret: string };
  /** Shares login sessions between API processes, with Redis. */
  sessionSecret?: string;
  /** Port of the built-in issuer; the API's port plus one by default. */
  issuerPort: number;
  audience: string;
  /** How the issuer's tokens are formed. */
  tokenProfile: {
    types: string[];
    scopeClaims: string[];
    clientClaim: string;
    audienceClaim: 'aud' | 'scope';
  };
  allowDevelopmentIssuer: boolean;
  /** Whether `migrate` sets the passwords of the roles to those in their connections. */
  setRolePasswords: boolean;
  /** Public URL of the API; undefined: the address it listens on. */
  publicUrl?: string;
  /** Allowed CORS origins. */
  corsOrigins: string[];
  /** JSON file that restricts clients to reports, columns and rows. */
  policyFile?: string;
  /** File with the ids of revoked tokens, one per line. */
  revocationsFile?: string;
  /** JSON file with the only documents that are accepted. */
  safelistFile?: string;
  /** Port of the Prometheus metrics; undefined: not served. */
  metricsPort?: number;
  /** Maximum size of an uploaded file. */
  maxUploadBytes: number;
  /** Key for hashing personal data; undefined: generated once and kept under home. */
  piiKey?: string;
  inbox: { folder: string; scanSeconds: number; stableSeconds: number };
  /** Days after a month's end after which a missing feed is late. */
  lateAfterDays: number;
  /** Share of rejected records above which a load is held, 0 to 1. */
  maxRejectShare: number;
  /** Share of records without a usable key above which a load is held, 0 to 1. */
  maxUnkeyedShare: number;
  /** Share of a column's values that cannot be used above which a load is held, 0 to 1. */
  earliestPeriod: string;
  maxUnusableShare: number;
  /** Share of its rows, 0 to 1, above which a report that loses them is not published. */
  maxRowLossShare: number;
  /** Number of publications whose changes are kept, so that they can be explained and restored. */
  retainedPublications: number;
  /** Number of jobs of one queue that a worker process runs at once. */
  workerConcurrency: number;
  /** How long a run waits for the database or the queue before it fails. */
  outageLimitMs: number;
  logLevel: string;
  /** How spans are sent to an OpenTelemetry collector; undefined: no spans are created. */
  telemetry?: { protocol: 'http/protobuf' | 'http/json' };
}

/** The value as part of a message, unless it is or may contain a secret. */
function shown(name: string, value: string | undefined): string {
  return value === undefined || /KEY|URL|PASSWORD|SECRET/.test(name) ? '' : ` is ${JSON.stringify(value)}`;
}

/**
 * Reads the settings from environment variables. No other file does.
 *
 * @throws Fault `configuration_invalid`, which lists all invalid variables
 */
export function readConfiguration(environment: NodeJS.ProcessEnv = process.env): Configuration {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      return `${name}${shown(name, given[name])}: ${issue.message}`;
    });
    throw new Fault(
      'configuration_invalid',
      `${faults.length} invalid environment variable(s): ${faults.join('; ')}. Correct them and start again.`,
    );
  }
  const read = parsed.data;
  return {
    home: read.MARQUEE_HOME,
    port: read.PORT,
    host: read.HOST,
    postgresPort: read.POSTGRES_PORT,
    database: {
      owner: read.DATABASE_URL,
      pipeline: read.DATABASE_PIPELINE_URL,
      reader: read.DATABASE_READER_URL,
      queue: read.DATABASE_QUEUE_URL,
    },
    pooler: read.DATABASE_POOLER,
    redisUrl: read.REDIS_URL,
    queuePrefix: read.QUEUE_PREFIX,
    issuerUrl: read.OIDC_ISSUER,
    sessionSecret: read.SESSION_SECRET,
    loginClient:
      read.OIDC_CLIENT_ID && read.OIDC_CLIENT_SECRET
        ? { id: read.OIDC_CLIENT_ID, secret: read.OIDC_CLIENT_SECRET }
        : undefined,
    issuerPort: read.ISSUER_PORT ?? (read.PORT === 0 ? 0 : read.PORT + 1),
    audience: read.OIDC_AUDIENCE,
    tokenProfile: {
      types: read.OIDC_TOKEN_TYPES,
      scopeClaims: read.OIDC_SCOPE_CLAIM,
      clientClaim: read.OIDC_CLIENT_CLAIM,
      audienceClaim: read.OIDC_AUDIENCE_CLAIM,
    },
    setRolePasswords: read.SET_ROLE_PASSWORDS,
    allowDevelopmentIssuer: read.ALLOW_DEVELOPMENT_ISSUER,
    publicUrl: read.PUBLIC_URL,
    corsOrigins: read.CORS_ORIGINS,
    policyFile: read.POLICY_FILE,
    revocationsFile: read.REVOCATIONS_FILE,
    safelistFile: read.SAFELIST_FILE,
    metricsPort: read.METRICS_PORT,
    maxUploadBytes: read.MAX_UPLOAD_MEGABYTES * 1_000_000,
    piiKey: read.PII_KEY,
    inbox: {
      folder: read.INBOX ?? resolve(read.MARQUEE_HOME, 'inbox'),
      scanSeconds: read.INBOX_SCAN_SECONDS,
      stableSeconds: read.INBOX_STABLE_SECONDS,
    },
    lateAfterDays: read.FEED_LATE_DAYS,
    maxRejectShare: read.MAX_REJECT_SHARE,
    maxUnkeyedShare: read.MAX_UNKEYED_SHARE,
    earliestPeriod: read.EARLIEST_PERIOD,
    maxUnusableShare: read.MAX_UNUSABLE_SHARE,
    maxRowLossShare: read.MAX_ROW_LOSS_SHARE,
    retainedPublications: read.RETAINED_PUBLICATIONS,
    workerConcurrency: read.WORKER_CONCURRENCY,
    outageLimitMs: read.MAX_OUTAGE_MINUTES * 60_000,
    logLevel: read.LOG_LEVEL,
    telemetry: telemetryOf(read),
  };
}

/** Spans are sent if OpenTelemetry's own variables contain an endpoint or enable the exporter. */
function telemetryOf(read: z.output<typeof environmentSchema>): Configuration['telemetry'] {
  const asked =
    read.OTEL_TRACES_EXPORTER ??
    (read.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || read.OTEL_EXPORTER_OTLP_ENDPOINT ? 'otlp' : 'none');
  if (read.OTEL_SDK_DISABLED || asked === 'none') return undefined;
  const protocol = read.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? read.OTEL_EXPORTER_OTLP_PROTOCOL;
  return { protocol: protocol ?? 'http/protobuf' };
}
