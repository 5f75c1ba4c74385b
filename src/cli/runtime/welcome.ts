import { print, table, warn } from '../output/terminal.js';
import { accessToken } from './access-token.js';
import type { Environment } from './environment.js';
import type { Serving } from './serve.js';

/** Asks for the companies whose films of one year made most, as any partner would. */
const query = (year: number) =>
  `{ productionCompanyReport(filter: {year: {eq: ${year}}}, orderBy: [{field: PROFIT, direction: DESC}], first: 10) { nodes { productionCompanyName releaseCount budget revenue profit } } }`;

interface Company {
  productionCompanyName: string;
  releaseCount: number;
  budget: string | null;
  revenue: string | null;
  profit: string | null;
}

/** Prints where everything is, a request that works when pasted, and what it answers. */
export async function welcome(environment: Environment, serving: Serving): Promise<void> {
  const { configuration } = environment;
  print();
  print(`GraphQL   ${serving.api.url}/graphql`);
  print(`Health    ${serving.api.url}/livez  ${serving.api.url}/readyz`);
  if (serving.issuer !== undefined || configuration.loginClient !== undefined)
    print(`Browser   ${serving.api.url}/  ${serving.api.url}/graphiql  ${serving.api.url}/admin/queues`);
  print(`Issuer    ${serving.issuerUrl}`);
  const year = await newestBigYear(environment);
  if (serving.issuer === undefined) {
    print(`\nTokens come from ${serving.issuerUrl}. Ctrl-C stops.`);
    return;
  }
  print(
    `Clients   ${serving.issuer.clients.map(({ id }) => id).join(', ')}  (a token: npx marquee token --client demo-partner)`,
  );
  if (year === undefined) {
    print('\nNothing is published yet: npx marquee ingest DIR loads a drop. Ctrl-C stops.');
    return;
  }
  const token = await accessToken(configuration.home, serving.issuerUrl, 'demo-partner');
  const body = JSON.stringify({ query: query(year) });
  const response = await fetch(`${serving.api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body,
  });
  const answer = (await response.json()) as {
    data?: { productionCompanyReport: { nodes: Company[] } } | null;
    errors?: { message: string }[];
  };
  // A policy or a safelist may keep this client from the question.
  if (answer.data === undefined || answer.data === null) {
    warn(
      `warning: no question to try is shown, since the API answers it to demo-partner with ${response.status}: ${answer.errors?.map((error) => error.message).join('; ')}`,
    );
    print('\nCtrl-C stops; the data stays and the next start takes seconds.');
    return;
  }
  print('\nAsk it yourself:\n');
  print(
    `curl -s ${serving.api.url}/graphql -H 'content-type: application/json' -H 'authorization: Bearer ${token}' -d '${body}'`,
  );
  print(`\nThe ten most profitable companies of ${year}, in millions of US dollars:\n`);
  const millions = (dollars: string | null) => (dollars === null ? '' : (Number(dollars) / 1e6).toFixed(1));
  print(
    table(
      ['company', 'films', 'budget', 'revenue', 'profit'],
      answer.data.productionCompanyReport.nodes.map((company) => [
        company.productionCompanyName,
        String(company.releaseCount),
        millions(company.budget),
        millions(company.revenue),
        millions(company.profit),
      ]),
    ),
  );
  print('\nCtrl-C stops; the data stays and the next start takes seconds.');
}

/** The newest year with enough companies for a table of ten. */
async function newestBigYear(environment: Environment): Promise<number | undefined> {
  const { rows } = await environment.pool('reader').query<{ year: number }>(
    `/* cli.newest_big_year */
     select year from reporting.production_company_report
     where profit is not null
     group by year
     order by least(count(*), 10) desc, year desc
     limit 1`,
  );
  return rows[0]?.year;
}
