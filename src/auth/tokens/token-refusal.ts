import { decodeProtectedHeader, errors } from 'jose';
import { Failure } from '../../fault.js';
import { AccessError } from '../access-error.js';

/**
 * Codes of jose for keys that took too long, came with a status other than 200 or are not keys: faults of the issuer, not
 * of the token.
 */
const KEYS_UNREADABLE: ReadonlySet<string> = new Set([
  errors.JWKSTimeout.code,
  errors.JOSEError.code,
  errors.JWKSInvalid.code,
]);

const MAX_SHOWN = 40;

/** The reason for the refusal. Of the token it contains at most the names of its algorithm, type, issuer and audience. */
export function refusalOf(error: unknown, token: string, algorithms: readonly string[]): Error {
  if (error instanceof AccessError || error instanceof Failure) return error;
  if (!(error instanceof errors.JOSEError) || KEYS_UNREADABLE.has(error.code)) {
    return new Failure('issuer_unreachable', "Cannot read the issuer's keys. Check that the issuer runs.", {
      cause: error,
    });
  }
  return new AccessError('invalid_token', reasonOf(error, token, algorithms), [], { cause: error });
}

function reasonOf(error: errors.JOSEError, token: string, algorithms: readonly string[]): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired: ask the issuer for a new one.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.reason === 'invalid'
      ? `The token's ${error.claim} is not a number, expected seconds since 1970.`
      : 'The token is not valid yet.';
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `The token's signature algorithm ${algorithmOf(token)} is not accepted, expected ${algorithms.join(', ')}.`;
  if (error instanceof errors.JWKSNoMatchingKey) return "The token's key is not among the issuer's keys.";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "The token's signature is wrong.";
  return 'The token is not a signed JWT access token.';
}

function algorithmOf(token: string): string {
  return String(decodeProtectedHeader(token).alg).slice(0, MAX_SHOWN);
}

/** @throws AccessError `invalid_token` if a part of a token is padded, which RFC 7515 section 2 forbids */
export function refusePadding(token: string): void {
  if (token.includes('='))
    throw new AccessError(
      'invalid_token',
      'The token contains padding (=), expected base64url without padding.',
    );
}

/**
 * A valid token has one spelling: base64url ignores the last bits of a signature.
 * @throws AccessError `invalid_token` for any other
 */
export function requireCanonical(token: string): void {
  if (token.split('.').some((part) => Buffer.from(part, 'base64url').toString('base64url') !== part))
    throw new AccessError('invalid_token', 'The token is not canonical base64url.');
}
