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

/** Headers that require a CORS preflight, so that a form on another site cannot send them. One of them is enough. */
export const PREFLIGHTED = ['x-apollo-operation-name', 'apollo-require-preflight', 'x-requested-with'];

/** Starts the Apollo Server that runs operations. */
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
    // Apollo enables development features by NODE_ENV; they must stay off however the process is started.
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
      // Sends nothing to Apollo's services, even if APOLLO_* variables are set.
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
