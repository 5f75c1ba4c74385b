import type { Caller } from '../caller.js';
import type { TokenVerifier } from './tokens.js';

export interface VerifiedTokensOptions {
  readonly verifier: TokenVerifier;
  /** How long fetched keys are used, in ms. Tokens that they verified are cached no longer than that. */
  readonly keysMaxAgeMs?: number;
  readonly clockToleranceSeconds?: number;
}

const MAX_TOKENS = 10_000;
/**
 * Maximum time before a token is verified again. The tokens of a key that the issuer withdraws are accepted for this
 * long; expiry and revocation are checked every time.
 */
const MAX_AGE_MS = 30_000;

/** Caches valid tokens for a short time: verifying a signature costs more than the rest of a small request. */
export function cacheVerifiedTokens(options: VerifiedTokensOptions): TokenVerifier {
  const { verifier, keysMaxAgeMs = MAX_AGE_MS, clockToleranceSeconds = 10 } = options;
  const maxAgeMs = Math.min(keysMaxAgeMs, MAX_AGE_MS);
  const known = new Map<string, { caller: Caller; until: number }>();
  return {
    async verify(token) {
      const found = known.get(token);
      if (found && Date.now() < found.until) {
        verifier.refuseRevoked(found.caller);
        return found.caller;
      }
      known.delete(token);
      const caller = await verifier.verify(token);
      if (known.size >= MAX_TOKENS) known.clear();
      const expiry = (caller.expiresAt + clockToleranceSeconds) * 1000;
      known.set(token, { caller, until: Math.min(Date.now() + maxAgeMs, expiry) });
      return caller;
    },
    refuseRevoked: (caller) => verifier.refuseRevoked(caller),
  };
}
