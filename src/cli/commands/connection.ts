import { readConfiguration } from '../../configuration.js';
import { findEmbeddedPostgres } from '../../database/embedded/embedded-postgres.js';
import { roleOf } from '../../database/roles.js';
import { Fault } from '../../fault.js';
import { printResult, type ResultOptions } from '../output/print-result.js';
import { warn } from '../output/terminal.js';
import { configuredBiUrl, isEmbedded } from '../runtime/environment.js';

/** `marquee connection`: how BI tools connect to the reports. Connects to nothing and starts nothing. */
export async function connection(options: ResultOptions): Promise<void> {
  const configuration = readConfiguration();
  const { home } = configuration;
  if (!isEmbedded(configuration)) {
    const url = await configuredBiUrl(configuration);
    if (url === undefined)
      throw new Fault(
        'database_not_configured',
        `The host of the reports is not configured for ${roleOf.bi}. Set DATABASE_READER_URL, or DATABASE_URL to the owner's connection.`,
      );
    printConnection(options, url);
    if (new URL(url).password === '')
      warn(
        `The password of ${roleOf.bi} is not known here: it is set by marquee migrate or an administrator.`,
      );
    return;
  }
  const found = await findEmbeddedPostgres(home);
  if (found === undefined)
    throw new Fault('database_missing', `${home} has no database yet: run marquee up first.`);
  printConnection(options, found.urls.bi, found.running);
  if (!found.running)
    warn('The embedded Postgres is not running. It listens at this address while marquee up runs.');
}

function printConnection(options: ResultOptions, url: string, running?: boolean): void {
  const { hostname, port, pathname, username, password } = new URL(url);
  const psql = `psql ${quoted(url)}`;
  const parts = {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || 5432),
    database: decodeURIComponent(pathname.slice(1)),
    schema: 'reporting',
    user: username,
    password: decodeURIComponent(password),
  };
  const lines = Object.entries(parts).map(([name, value]) => `${name.padEnd(9)} ${value}`);
  printResult(options, { url, psql, ...parts, running }, [`URL       ${url}`, ...lines, '', psql]);
}

/** The text as one word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
