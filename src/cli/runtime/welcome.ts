import { print, warn } from '../output/terminal.js';
import { table } from '../output/text-format.js';
import { accessToken } from './access-token.js';
import type { Environment } from './environment.js';
import type { Serving } from './serve.js';

/** The companies with the highest profit from one year's films, as any partner could query them. */
const query = (year: number) =>
  `{ productionCompanyReport(filter: {year: {eq: ${year}}}, orderBy: [{field: PROFIT, direction: DESC}], first: 10) { nodes { productionCompanyName releaseCount budget revenue profit } } }`;

interface Company {
  productionCompanyName: string;
  releaseCount: number;
  budget: string | null;
  revenue: string | null;
  profit: string | null;
}

interface Answer {
  data?: { productionCompanyReport: { nodes: Company[] } } | null;
  errors?: { message: string }[];
}

const stopHint = '\nCtrl-C stops; the data stays and the next start takes seconds.';

/** Prints where everything is, a request that works when pasted, and its result. */
export async function welcome(environment: Environment, serving: Serving): Promise<void> {
  printPlaces(environment, serving);
  if (serving.issuer === undefined) {
    print(`\nTokens come from ${serving.issuerUrl}. Ctrl-C stops.`);
    return;
  }
  const year = await newestBigYear(environment);
  if (year === undefined) {
    print('\nNothing is published yet. Load a drop with npx marquee ingest DIR. Ctrl-C stops.');
    return;
  }
  await printExample(environment, serving, year);
  print(stopHint);
}

function printPlaces({ configuration }: Environment, { api, issuer, issuerUrl }: Serving): void {
  print();
  print(`GraphQL   ${api.url}/graphql`);
  print(`Health    ${api.url}/livez  ${api.url}/readyz`);
  if (issuer !== undefined || configuration.loginClient !== undefined)
    print(`Browser   ${api.url}/  ${api.url}/graphiql  ${api.url}/admin/queues`);
  print(`Issuer    ${issuerUrl}`);
  if (issuer !== undefined) {
    const clients = issuer.clients.map(({ id }) => id).join(', ');
    print(`Clients   ${clients}  (get a token: npx marquee token --client demo-partner)`);
  }
}

/** Prints a query and its result. */
async function printExample(
  { configuration }: Environment,
  { api, issuerUrl }: Serving,
  year: number,
): Promise<void> {
  const token = await accessToken(configuration.home, issuerUrl, 'demo-partner');
  const body = JSON.stringify({ query: query(year) });
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body,
  });
  const answer = (await response.json()) as Answer;
  // A policy or a safelist may refuse this query.
  if (answer.data === undefined || answer.data === null) {
    const errors = answer.errors?.map((error) => error.message).join('; ');
    warn(
      `warning: no example query is shown, because the API answers it for demo-partner with ${response.status}: ${errors}`,
    );
    return;
  }
  print('\nTry it:\n');
  print(
    `curl -s ${api.url}/graphql -H 'content-type: application/json' -H 'authorization: Bearer ${token}' -d '${body}'`,
  );
  print(`\nThe ten most profitable companies of ${year}, in millions of US dollars:\n`);
  print(companiesTable(answer.data.productionCompanyReport.nodes));
}

function companiesTable(companies: readonly Company[]): string {
  const millions = (dollars: string | null) => (dollars === null ? '' : (Number(dollars) / 1e6).toFixed(1));
  return table(
    ['company', 'films', 'budget', 'revenue', 'profit'],
    companies.map((company) => [
      company.productionCompanyName,
      String(company.releaseCount),
      millions(company.budget),
      millions(company.revenue),
      millions(company.profit),
    ]),
  );
}

/** The newest year with enough companies for a table of ten. */
async function newestBigYear(environment: Environment): Promise<number | undefined> {
  const { rows } = await environment.pool('reader').query<{ year: number }>(
    `/* cli.read_newest_big_year */
     select year from reporting.production_company_report
     where profit is not null
     group by year
     order by least(count(*), 10) desc, year desc
     limit 1`,
  );
  return rows[0]?.year;
}
