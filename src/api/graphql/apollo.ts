import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { messageOf } from '../../fault.js';
import type { ApiLogger } from '../api-logger.js';
import { formatError } from '../errors/api-error.js';
import { documentedError } from '../operation/operation-errors.js';
import { type OperationPluginOptions, operationPlugin } from '../operation/operation-plugin.js';
import type { RequestContext } from '../operation/request-context.js';
import { safelistCache } from '../operation/safelist.js';
import { stringifyAnswer } from '../operation/serialized-result.js';
import { knownOperations } from './known-operation-rule.js';

/** The headers any of which shows that a browser asked the server beforehand: a foreign page's form cannot send them. */
export const PREFLIGHTED = ['x-apollo-operation-name', 'apollo-require-preflight', 'x-requested-with'];

/** Starts the Apollo Server that answers operations. */
export async function startApollo(options: OperationPluginOptions): Promise<ApolloServer<RequestContext>> {
  const { schema, limits, safelist, logger } = options;
  const apollo = new ApolloServer<RequestContext>({
    schema,
    introspection: true,
    csrfPrevention: { requestHeaders: PREFLIGHTED },
    allowBatchedHttpRequests: true,
    hideSchemaDetailsFromClientErrors: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Apollo's switch of its development conveniences; the process's own environment has no say in it.
    nodeEnv: 'production',
    persistedQueries: safelist ? { cache: safelistCache(safelist) } : {},
    parseOptions: { maxTokens: limits.tokens },
    validationRules: [knownOperations],
    validationOptions: { maxErrors: 10 },
    executionOptions: { maxCoercionErrors: 10 },
    formatError: (_formatted, error) => formatError(documentedError(error, limits)),
    stringifyResult: stringifyAnswer,
    logger: apolloLogger(logger),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      // Nothing is told to Apollo's own services, whatever the environment says.
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      operationPlugin(options),
    ],
  });
  await apollo.start();
  return apollo;
}

function apolloLogger(logger: ApiLogger) {
  const at = (level: 'info' | 'warn' | 'error') => (message: unknown) =>
    logger[level]({ from: 'apollo' }, messageOf(message));
  return { debug: () => undefined, info: at('info'), warn: at('warn'), error: at('error') };
}
