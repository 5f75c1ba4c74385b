import { errors, type JWTPayload, jwtVerify } from 'jose';
import { Failure } from '../../fault.js';
import { AccessError } from '../access-error.js';
import type { Caller } from '../caller.js';
import { parseScopes } from '../scopes.js';
import { issuerKeys } from './issuer-keys.js';
import type { Revocations } from './revocations.js';

export interface TokenVerifierOptions {
  /** The exact `iss` of every token. */
  readonly issuerUrl: string;
  /** An `aud` of every token. */
  readonly audience: string;
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

/** Returns the check of RFC 9068 section 4: typ, signature, iss, aud, exp, and nbf if present. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const keys = issuerKeys({
    issuerUrl: options.issuerUrl,
    cacheMaxAgeMs: options.keysMaxAgeMs ?? 600_000,
    cooldownMs: options.keysCooldownMs ?? 30_000,
  });
  const checks = {
    issuer: options.issuerUrl,
    audience: options.audience,
    typ: 'at+jwt',
    algorithms: [...(options.algorithms ?? DEFAULT_ALGORITHMS)],
    clockTolerance: options.clockToleranceSeconds ?? DEFAULT_CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
  };
  function refuseRevoked({ tokenId }: Caller): void {
    if (options.revocations?.has(tokenId))
      throw new AccessError('invalid_token', 'The token was revoked: ask the issuer for a new one.');
  }
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keys, checks);
        const caller = callerOf(payload);
        refuseRevoked(caller);
        return caller;
      } catch (error) {
        throw refusalOf(error);
      }
    },
    refuseRevoked,
  };
}

function callerOf(payload: JWTPayload): Caller {
  const { client_id: clientId, sub, jti, exp } = payload;
  if (typeof clientId !== 'string' || !clientId || !sub || !jti || exp === undefined) {
    throw new AccessError('invalid_token', 'The token has an empty client_id, sub or jti.');
  }
  return { clientId, subject: sub, scopes: parseScopes(payload.scope), tokenId: jti, expiresAt: exp };
}

/**
 * Codes of jose for keys that took too long, came with a status other than 200 or are not keys: faults of the issuer, not
 * of the token.
 */
const KEYS_UNREADABLE: ReadonlySet<string> = new Set([
  errors.JWKSTimeout.code,
  errors.JOSEError.code,
  errors.JWKSInvalid.code,
]);

/** The reason for the refusal, without any part of the token. */
function refusalOf(error: unknown): Error {
  if (error instanceof AccessError || error instanceof Failure) return error;
  if (!(error instanceof errors.JOSEError) || KEYS_UNREADABLE.has(error.code)) {
    return new Failure('issuer_unreachable', "Cannot read the issuer's keys. Check that the issuer runs.", {
      cause: error,
    });
  }
  return new AccessError('invalid_token', reasonOf(error), [], { cause: error });
}

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired: ask the issuer for a new one.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf'
      ? 'The token is not valid yet.'
      : `The token's ${error.claim} is ${error.reason === 'missing' ? 'missing' : 'not the expected one'}.`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "The token's signature algorithm is not accepted.";
  if (error instanceof errors.JWKSNoMatchingKey) return "The token's key is not among the issuer's keys.";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "The token's signature is wrong.";
  return 'The token is not a signed JWT access token.';
}
