import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import type { IssuerMetadata } from '../discovery.js';
import { discoverIssuer } from '../discovery.js';

export interface IssuerKeysOptions {
  readonly issuerUrl: string;
  /** How long fetched keys are trusted without asking again, in ms. */
  readonly cacheMaxAgeMs: number;
  /** The least time between two fetches caused by an unknown key id, in ms: forged ids must not become a flood. */
  readonly cooldownMs: number;
}

const DISCOVERY_MAX_AGE_MS = 3_600_000;

/**
 * Finds the key that signed a token among the issuer's published keys. The keys' address is discovered at the
 * first token, not at start, so that API and issuer may start in any order; a failed discovery is tried anew.
 * @throws Failure when the issuer does not answer; a jose error when it has no such key.
 */
export function issuerKeys(options: IssuerKeysOptions): JWTVerifyGetKey {
  let discovered: { keys: ReturnType<typeof createRemoteJWKSet>; jwksUri: string; at: number } | undefined;
  let discovering: Promise<IssuerMetadata> | undefined;

  async function keys() {
    if (discovered && Date.now() - discovered.at < DISCOVERY_MAX_AGE_MS) return discovered.keys;
    discovering ??= discoverIssuer(options.issuerUrl).finally(() => {
      discovering = undefined;
    });
    const { jwks_uri: jwksUri } = await discovering;
    // The same address keeps its key set, and with it the cached keys.
    const known = discovered?.jwksUri === jwksUri ? discovered.keys : undefined;
    discovered = {
      jwksUri,
      at: Date.now(),
      keys:
        known ??
        createRemoteJWKSet(new URL(jwksUri), {
          cacheMaxAge: options.cacheMaxAgeMs,
          cooldownDuration: options.cooldownMs,
        }),
    };
    return discovered.keys;
  }

  return async (header, token) => (await keys())(header, token);
}
