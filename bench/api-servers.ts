import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { startApi } from '../src/api/server.js';
import { openLog } from '../src/cli/output/log.js';
import { openPool } from '../src/database/pool.js';
import { apiReports } from './api-reports.js';

/** The compared servers, each in a separate process. The first argument selects the server, the second is its settings. */
export interface ServerSettings {
  readonly readerUrl: string;
  readonly issuerUrl: string;
  /** The response of the server that sends from memory. */
  readonly bytes: string;
}

const CONNECTIONS = 10;
const COLUMNS = `movie_id as "movieId", movie_name as "movieName", production_company_id as "productionCompanyId",
  production_company_name as "productionCompanyName", budget::text, revenue::text, profit::text, release_date::text as "releaseDate"`;
const PAGE = `from reporting.production_company_movies_report
  where production_company_id >= $1 and movie_id >= $2 order by production_company_id, movie_id limit 50`;

type Start = (settings: ServerSettings) => Promise<string>;

const starts: Record<string, Start> = {
  async ours({ readerUrl, issuerUrl }) {
    const { url } = await startApi({
      port: 0,
      host: '127.0.0.1',
      readerPool: openPool(readerUrl, 'bench', CONNECTIONS),
      reports: apiReports,
      issuerUrl,
      audience: 'marquee',
      quotas: { requestsPerMinute: 1e9, costPerMinute: 1e12 },
      // Each request is logged, as by `marquee api`.
      logger: openLog('info'),
    });
    return `${url}/graphql`;
  },

  async apollo({ readerUrl }) {
    const pool = openPool(readerUrl, 'bench', CONNECTIONS);
    const server = new ApolloServer({
      typeDefs: `
        type Row { movieId: Int!, movieName: String, productionCompanyId: Int!, productionCompanyName: String,
          budget: String, revenue: String, profit: String, releaseDate: String }
        type Connection { nodes: [Row!]! }
        input IntFilter { gte: Int }
        input Filter { productionCompanyId: IntFilter, movieId: IntFilter }
        type Query { productionCompanyMoviesReport(filter: Filter, first: Int): Connection! }`,
      resolvers: {
        Query: {
          productionCompanyMoviesReport: async (_root: unknown, { filter }: Variables) => {
            const { rows } = await pool.query({
              name: 'page',
              text: `select ${COLUMNS} ${PAGE}`,
              values: [filter.productionCompanyId.gte, filter.movieId.gte],
            });
            return { nodes: rows };
          },
        },
      },
    });
    return (await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } })).url;
  },

  async bare({ readerUrl }) {
    const pool = openPool(readerUrl, 'bench', CONNECTIONS);
    const server = createServer(async (request, response) => {
      const { filter } = (JSON.parse(await bodyOf(request)) as { variables: Variables }).variables;
      const { rows } = await pool.query({
        name: 'page',
        text: `select json_build_object('nodes', json_agg(page))::text as json from (select ${COLUMNS} ${PAGE}) as page`,
        values: [filter.productionCompanyId.gte, filter.movieId.gte],
      });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`{"data":{"productionCompanyMoviesReport":${rows[0].json}}}`);
    });
    return listen(server);
  },

  async memory({ bytes }) {
    const server = createServer((_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(bytes),
      });
      response.end(bytes);
    });
    return listen(server);
  },
};

interface Variables {
  readonly filter: { readonly productionCompanyId: { gte: number }; readonly movieId: { gte: number } };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

function listen(server: ReturnType<typeof createServer>): Promise<string> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`),
    ),
  );
}

const [name, settings] = process.argv.slice(2) as [string, string];
process.send?.(await starts[name]!(JSON.parse(settings) as ServerSettings));
