import type { Caller } from './caller.js';
import type { TokenVerifier } from './tokens.js';

export interface VerifiedTokensOptions {
  readonly verifier: TokenVerifier;
  /**
   * How long a verified token is not verified again, in ms. A key withdrawn by the issuer stops its tokens after so long
   * at the latest; expiry and revocation are looked at each time.
   */
  readonly maxAgeMs?: number;
  readonly clockToleranceSeconds?: number;
}

const MAX_TOKENS = 10_000;

/** Remembers for a short while which tokens were good: a signature costs more than all the rest of a small request. */
export function rememberVerified(options: VerifiedTokensOptions): TokenVerifier {
  const { verifier, maxAgeMs = 30_000, clockToleranceSeconds = 10 } = options;
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
