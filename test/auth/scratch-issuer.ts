import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IssuerOptions, type RunningIssuer, startIssuer } from '../../src/auth/issuer/issuer.js';
import type { SeededClientId } from '../../src/auth/issuer/seeded-clients.js';
import { fetchClientToken } from '../../src/auth/tokens/client-credentials.js';

/** A development issuer for one test, on a free port. Its home is removed at the end. */
export interface ScratchIssuer extends RunningIssuer {
  readonly home: string;
  token(clientId: SeededClientId, scopes?: readonly string[]): Promise<string>;
}

export async function startScratchIssuer(options: Partial<IssuerOptions> = {}): Promise<ScratchIssuer> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'marquee-issuer-')));
  const issuer = await startIssuer({ port: 0, home, permission: 'embedded-default', ...options });
  return {
    ...issuer,
    home,
    async token(clientId, scopes) {
      const client = issuer.clients.find(({ id }) => id === clientId)!;
      const issued = await fetchClientToken({
        issuerUrl: issuer.issuerUrl,
        clientId,
        clientSecret: client.secret,
        scopes: scopes ?? client.scopes,
      });
      return issued.accessToken;
    },
    async close() {
      await issuer.close();
      if (options.home === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}
