import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { Fault } from '../../fault.js';
import { SEEDED_CLIENTS, type SeededClientId } from './seeded-clients.js';

/** What the development issuer stores, so that tokens and sessions survive a restart. */
export interface IssuerSecrets {
  readonly jwks: { readonly keys: readonly JWK[] };
  readonly cookieKeys: readonly string[];
  readonly clientSecrets: Readonly<Record<SeededClientId, string>>;
}

/** The file with the development issuer's secrets. */
export function issuerSecretsFile(home: string): string {
  return join(home, 'issuer', 'secrets.json');
}

/**
 * The issuer's secrets, created by the first call in a file that only the owner can read: a secret per seeded client and
 * an RS256 key (the API verifies its signatures in a fraction of the time that ES256 takes).
 * @throws Fault `issuer_secrets_broken` if the file is not JSON
 */
export async function loadIssuerSecrets(home: string): Promise<IssuerSecrets> {
  const file = issuerSecretsFile(home);
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (kept !== undefined) return parseSecrets(file, kept);
  const made = await makeSecrets();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Written to a temporary file and renamed: a partial file after a kill would block the next start.
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(made, null, 2), { mode: 0o600 });
  await rename(temporary, file);
  return made;
}

function parseSecrets(file: string, text: string): IssuerSecrets {
  try {
    return JSON.parse(text) as IssuerSecrets;
  } catch (error) {
    throw new Fault(
      'issuer_secrets_broken',
      `${file} is not valid JSON. Delete it: the issuer then creates new secrets, and existing tokens stop working.`,
      { cause: error },
    );
  }
}

async function makeSecrets(): Promise<IssuerSecrets> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true, modulusLength: 2048 });
  const kid = randomBytes(8).toString('hex');
  const clientSecrets = SEEDED_CLIENTS.map(({ id }) => [id, randomBytes(24).toString('base64url')]);
  return {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' }] },
    cookieKeys: [randomBytes(32).toString('base64url')],
    clientSecrets: Object.fromEntries(clientSecrets) as Record<SeededClientId, string>,
  };
}
