import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readConfiguration, settingNames } from '../src/configuration.js';
import { Fault } from '../src/fault.js';

describe('the configuration', () => {
  it('has a default for every setting', () => {
    expect(readConfiguration({})).toMatchObject({ port: 4000, issuerPort: 4001, queuePrefix: 'marquee' });
  });

  it('treats an empty variable as not set', () => {
    expect(readConfiguration({ PORT: '', REDIS_URL: '' })).toMatchObject({ port: 4000, redisUrl: undefined });
  });

  it('reports all invalid variables together, with their values', () => {
    const read = () => readConfiguration({ PORT: 'http', REDIS_URL: 'localhost', PII_KEY: 'short' });
    expect(read).toThrow(Fault);
    expect(read).toThrow(
      /3 invalid environment variable.*PORT is "http".*REDIS_URL: expected a URL.*PII_KEY: expected/,
    );
  });

  it('never repeats a secret in an error message', () => {
    const read = () =>
      readConfiguration({ PII_KEY: 'my-own-secret', DATABASE_URL: 'mysql://root:hunter2@db/x' });
    expect(read).toThrow(/2 invalid environment variable/);
    expect(read).not.toThrow(/my-own-secret|hunter2/);
  });

  it('requires id and secret of the login client together', () => {
    const client = { OIDC_CLIENT_ID: 'dashboard', OIDC_CLIENT_SECRET: 'hunter2' };
    expect(readConfiguration(client).loginClient).toEqual({ id: 'dashboard', secret: 'hunter2' });
    expect(readConfiguration({}).loginClient).toBeUndefined();
    expect(() => readConfiguration({ OIDC_CLIENT_ID: 'dashboard' })).toThrow(
      /OIDC_CLIENT_SECRET: expected together with OIDC_CLIENT_ID/,
    );
  });

  it('reads an IPv6 address with or without brackets, and refuses a host with a port', () => {
    expect(readConfiguration({ HOST: '::1' }).host).toBe('::1');
    expect(readConfiguration({ HOST: '[::1]' }).host).toBe('::1');
    for (const HOST of ['localhost:80', 'http://localhost', '[::1]:80', '-'])
      expect(() => readConfiguration({ HOST })).toThrow(/HOST is .*: expected an IP address or a host name/);
  });

  it.each([
    [{ PORT: 'http' }, 'PORT is "http": expected a whole number from 0 to 65535'],
    [{ PORT: ' ' }, 'PORT is " ": expected a whole number from 0 to 65535'],
    [{ PORT: '65536' }, 'PORT is "65536": expected a whole number from 0 to 65535'],
    [{ POSTGRES_PORT: '0' }, 'POSTGRES_PORT is "0": expected a whole number from 1 to 65535'],
    [{ MAX_REJECT_SHARE: '5%' }, 'MAX_REJECT_SHARE is "5%": expected a number from 0 to 1'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud": expected one of fatal, error'],
    [{ PORT: '65535' }, 'ISSUER_PORT: expected a port, because PORT is the last one'],
    [{ PORT: '4000', METRICS_PORT: '4001' }, 'expected another port than ISSUER_PORT, which is 4001 as well'],
    [{ PORT: '4000', POSTGRES_PORT: '4000' }, 'expected another port than PORT, which is 4000 as well'],
  ])('reports %j in plain words', (settings, message) => {
    expect(() => readConfiguration(settings)).toThrow(message);
  });

  it('is described in the README, with every setting', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const table = readme.slice(readme.indexOf('## Settings'), readme.indexOf('## Deployment'));
    const described = [...table.matchAll(/^\| (`.+?) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
    );
    expect(described.sort()).toEqual([...settingNames].sort());
  });
});
