import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import type { IssuerMetadata } from '../discovery.js';
import { discoverIssuer } from '../discovery.js';

export interface IssuerKeysOptions {
  readonly issuerUrl: string;
  /** How long fetched keys are used before they are fetched again, in ms. */
  readonly cacheMaxAgeMs: number;
  /** Minimum time between two fetches for unknown key ids, in ms, so that forged ids cannot flood the issuer. */
  readonly cooldownMs: number;
}

const DISCOVERY_MAX_AGE_MS = 3_600_000;

/**
 * Finds the key that signed a token among the issuer's published keys. The URL of the keys is discovered with the first
 * token, so that API and issuer can start in any order. A failed discovery is retried with the next token.
 * @throws Failure if the issuer does not respond; a jose error if it has no such key
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
    // If the URL is the same, the cached keys are kept.
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
