import { type ApiOptions, type RunningApi, startApi } from '../../src/api/server.js';
import type { SeededClientId } from '../../src/auth/issuer/seeded-clients.js';
import { type ScratchIssuer, startScratchIssuer } from '../auth/scratch-issuer.js';
import { createScratchReports, type ScratchReports } from './scratch-reports.js';

/** A response with everything that tests compare. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read responses of every shape
  readonly body: any;
}

/** A separate API for one test file: issuer, database and server. */
export interface ScratchApi extends RunningApi {
  readonly issuer: ScratchIssuer;
  readonly database: ScratchReports;
  /** What the server logged as errors. */
  readonly errors: object[];
  /** Sends a query with a token that can read reports. */
  query(query: string, variables?: object): Promise<Answer>;
  send(path: string, init?: RequestInit): Promise<Answer>;
  /** Stops only the server. */
  stop(): Promise<void>;
}

export async function startScratchApi(
  given: Partial<ApiOptions> | ((database: ScratchReports) => Promise<Partial<ApiOptions>>) = {},
): Promise<ScratchApi> {
  const [issuer, database] = await Promise.all([startScratchIssuer(), createScratchReports()]);
  const options = typeof given === 'function' ? await given(database) : given;
  const errors: object[] = [];
  const api = await startApi({
    port: 0,
    host: '127.0.0.1',
    readerPool: database.reader,
    issuerUrl: issuer.issuerUrl,
    audience: 'marquee',
    reports: database.reports,
    logger: { info: () => undefined, warn: () => undefined, error: (fields) => errors.push(fields) },
    ...options,
  });
  const tokens = new Map<SeededClientId, Promise<string>>();
  const tokenOf = (id: SeededClientId) => {
    if (!tokens.has(id)) tokens.set(id, issuer.token(id));
    return tokens.get(id)!;
  };
  const send = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(`${api.url}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
  return {
    ...api,
    issuer,
    database,
    errors,
    send,
    stop: api.close,
    query: async (query, variables) =>
      send('/graphql', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${await tokenOf('demo-partner')}`,
        },
        body: JSON.stringify({ query, variables }),
      }),
    async close() {
      await api.close();
      await Promise.all([issuer.close(), database.drop()]);
    },
  };
}
