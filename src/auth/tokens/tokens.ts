import { jwtVerify } from 'jose';
import { AccessError } from '../access-error.js';
import type { Caller } from '../caller.js';
import { RFC_9068, type TokenProfile } from '../token-profile.js';
import { issuerKeys } from './issuer-keys.js';
import type { Revocations } from './revocations.js';
import { callerOf } from './token-claims.js';
import { refusalOf, refusePadding, requireCanonical } from './token-refusal.js';

export interface TokenVerifierOptions {
  /** The exact `iss` of every token. */
  readonly issuerUrl: string;
  /** The audience of every token. */
  readonly audience: string;
  /** How the issuer's tokens are formed; by default as RFC 9068 requires. */
  readonly profile?: TokenProfile;
  /** Accepted signature algorithms. Never a symmetric one: a public key could then be used as the secret. */
  readonly algorithms?: readonly string[];
  /** Accepted difference between the issuer's clock and this one, in seconds. */
  readonly clockToleranceSeconds?: number;
  readonly keysMaxAgeMs?: number;
  readonly keysCooldownMs?: number;
  readonly revocations?: Pick<Revocations, 'has'>;
}

/** Checks access tokens. */
export interface TokenVerifier {
  /**
   * The caller that a token was issued to.
   * @throws AccessError `invalid_token` if the token is not valid, Failure if the issuer's keys cannot be read
   */
  verify(token: string): Promise<Caller>;
  /** @throws AccessError `invalid_token` if the caller's token has been revoked */
  refuseRevoked(caller: Caller): void;
}

const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
const DEFAULT_CLOCK_TOLERANCE_SECONDS = 10;

/** Returns the check of RFC 9068 section 4: signature, exp, nbf if present, typ, iss, aud, and the types of all other claims. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const keys = issuerKeys({
    issuerUrl: options.issuerUrl,
    cacheMaxAgeMs: options.keysMaxAgeMs ?? 600_000,
    cooldownMs: options.keysCooldownMs ?? 30_000,
  });
  const clockTolerance = options.clockToleranceSeconds ?? DEFAULT_CLOCK_TOLERANCE_SECONDS;
  const algorithms = [...(options.algorithms ?? DEFAULT_ALGORITHMS)];
  const expected = {
    issuerUrl: options.issuerUrl,
    audience: options.audience,
    profile: options.profile ?? RFC_9068,
    clockToleranceSeconds: clockTolerance,
  };
  function refuseRevoked({ tokenId }: Caller): void {
    if (options.revocations?.has(tokenId))
      throw new AccessError('invalid_token', 'The token was revoked: ask the issuer for a new one.');
  }
  return {
    async verify(token) {
      try {
        refusePadding(token);
        const { payload, protectedHeader } = await jwtVerify(token, keys, { algorithms, clockTolerance });
        requireCanonical(token);
        const caller = callerOf({ text: token, typ: protectedHeader.typ, payload }, expected);
        refuseRevoked(caller);
        return caller;
      } catch (error) {
        throw refusalOf(error, token, algorithms);
      }
    },
    refuseRevoked,
  };
}
