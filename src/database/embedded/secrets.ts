import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Role, roles } from '../roles.js';

/** Secrets that are generated once and kept in the home, readable only by its user. */
export interface Secrets {
  superuserPassword: string;
  rolePasswords: Record<Role, string>;
  /** Key of the hash of personal data. */
  piiKey: string;
}

/** Reads the secrets of a home, and generates them the first time. Call it under the home's lock. */
export async function readSecrets(home: string): Promise<Secrets> {
  const path = join(home, 'secrets.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  });
  if (text === undefined) {
    await mkdir(home, { recursive: true, mode: 0o755 });
    return write(path, {
      superuserPassword: secret(),
      rolePasswords: Object.fromEntries(roles.map((role) => [role, secret()])) as Record<Role, string>,
      piiKey: randomBytes(32).toString('base64url'),
    });
  }
  const secrets: Secrets = JSON.parse(text);
  // A home of an earlier version lacks the roles that were added since.
  const missing = roles.filter((role) => secrets.rolePasswords[role] === undefined);
  if (missing.length === 0) return secrets;
  for (const role of missing) secrets.rolePasswords[role] = secret();
  return write(path, secrets);
}

function secret(): string {
  return randomBytes(24).toString('base64url');
}

async function write(path: string, secrets: Secrets): Promise<Secrets> {
  await writeFile(`${path}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secrets;
}
