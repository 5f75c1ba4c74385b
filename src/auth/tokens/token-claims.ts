import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { AccessError } from '../access-error.js';
import type { Caller } from '../caller.js';
import { knownScopes } from '../scopes.js';
import { type TokenProfile, tokenType } from '../token-profile.js';

/** What every token must state. */
export interface ExpectedClaims {
  readonly issuerUrl: string;
  readonly audience: string;
  readonly profile: TokenProfile;
  readonly clockToleranceSeconds: number;
}

/** A verified token: its signature is valid and it has not expired. */
export interface SignedToken {
  readonly text: string;
  readonly typ: unknown;
  readonly payload: JWTPayload;
}

/** A token is refused if it is valid for longer than any issuer would make it: then it would never have to be renewed. */
const MAX_LIFETIME_SECONDS = 30 * 86_400;
/** Claims in which issuers that do not follow RFC 9068 name the client or list scopes, for messages. */
const CLIENT_CLAIMS = ['client_id', 'azp', 'cid', 'appid'];
const SCOPE_CLAIMS = ['scope', 'scp', 'roles', 'permissions'];
const MAX_SHOWN = 100;

/**
 * The caller that a token was issued to. Each claim must have its JSON type: a `jti` that is a number would never equal an id in the
 * list of revoked tokens.
 * @throws AccessError `invalid_token`, which states what was found and what was expected
 */
export function callerOf(token: SignedToken, expected: ExpectedClaims): Caller {
  const { payload } = token;
  const { profile } = expected;
  const type = tokenType(token.typ);
  if (!profile.types.map(tokenType).includes(type)) {
    const found = token.typ === undefined ? 'missing' : shown(token.typ);
    throw refused(
      `The token's typ is ${found}, expected ${profile.types.join(' or ')}. The operator can accept others with OIDC_TOKEN_TYPES.`,
    );
  }
  if (type !== 'at+jwt') refuseOtherKinds(payload);
  requireIssuer(payload, expected);
  requireAudience(payload, expected);
  requireTimes(payload, expected.clockToleranceSeconds);
  const clientId = requiredText(payload, profile.clientClaim, otherClaim(payload, profile.clientClaim));
  const subject = requiredText(payload, 'sub');
  const scopeNames = scopesOf(payload, expected);
  return {
    clientId,
    subject,
    scopes: knownScopes(scopeNames),
    scopesFound: scopesFound(payload, scopeNames, profile),
    tokenId: tokenIdOf(token, type),
    expiresAt: payload.exp!,
  };
}

/** Other types than RFC 9068's do not distinguish an access token from an ID token, a refresh token or a logout token. */
function refuseOtherKinds(payload: JWTPayload): void {
  const { token_use: use = 'access', typ: kind = 'Bearer' } = payload;
  const sign = ['nonce', 'at_hash', 'c_hash', 'events'].find((claim) => Object.hasOwn(payload, claim));
  if (sign !== undefined) throw refused(`The token has the claim ${sign}, so it is not an access token.`);
  if (use !== 'access') throw refused(`The token's token_use is ${shown(use)}, expected access.`);
  if (typeof kind !== 'string' || kind.toLowerCase() !== 'bearer')
    throw refused(`The token's claim typ is ${shown(kind)}, expected Bearer.`);
}

function requireIssuer({ iss }: JWTPayload, { issuerUrl }: ExpectedClaims): void {
  if (iss === undefined) throw refused(`The token's iss is missing, expected ${issuerUrl}.`);
  if (iss !== issuerUrl) throw refused(`The token's iss is ${shown(iss)}, expected ${issuerUrl}.`);
}

function requireAudience({ aud }: JWTPayload, { audience, profile }: ExpectedClaims): void {
  if (aud === undefined) {
    // Then each scope names the audience.
    if (profile.audienceClaim === 'scope') return;
    throw refused(`The token's aud is missing, expected ${audience}.`);
  }
  const audiences: unknown = typeof aud === 'string' ? [aud] : aud;
  if (!isTexts(audiences) || !audiences.includes(audience))
    throw refused(`The token's aud is ${shown(aud)}, expected ${audience}.`);
}

function requireTimes({ exp, iat, nbf }: JWTPayload, toleranceSeconds: number): void {
  if (exp === undefined) throw refused("The token's exp is missing, expected a time in seconds since 1970.");
  if (iat === undefined) throw refused("The token's iat is missing, expected a time in seconds since 1970.");
  for (const [name, time] of Object.entries({ exp, iat, nbf })) {
    if (time !== undefined && !Number.isFinite(time))
      throw refused(`The token's ${name} is not a time, expected seconds since 1970.`);
  }
  const left = exp - Date.now() / 1000;
  if (left > MAX_LIFETIME_SECONDS + toleranceSeconds)
    throw refused(
      `The token is valid for another ${Math.floor(left / 86_400)} days, expected at most 30. Issue tokens with a shorter lifetime.`,
    );
}

function requiredText(payload: JWTPayload, name: string, hint = ''): string {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
  if (value === undefined) throw refused(`The token's ${name} is missing, expected a text.${hint}`);
  if (typeof value !== 'string')
    throw refused(`The token's ${name} is ${kindOf(value)}, expected a text.${hint}`);
  if (value === '') throw refused(`The token's ${name} is empty, expected a text.`);
  return value;
}

function otherClaim(payload: JWTPayload, expected: string): string {
  const found = CLIENT_CLAIMS.find((name) => name !== expected && typeof payload[name] === 'string');
  return found === undefined ? '' : ` Found ${found}: the operator can set OIDC_CLIENT_CLAIM=${found}.`;
}

/** `scope` is one text, separated by spaces (RFC 8693). Other claims are such a text or a list. */
function scopesOf(payload: JWTPayload, { audience, profile }: ExpectedClaims): string[] {
  const names = profile.scopeClaims.flatMap((claim) => {
    const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
    if (value === undefined) return [];
    if (typeof value === 'string') return value.split(' ').filter((name) => name !== '');
    if (claim !== 'scope' && isTexts(value)) return value;
    const expected = claim === 'scope' ? 'a text' : 'a text or a list of texts';
    throw refused(`The token's ${claim} is ${kindOf(value)}, expected ${expected}.`);
  });
  if (profile.audienceClaim === 'aud') return names;
  const prefix = `${audience}/`;
  const own = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  if (own.length === 0 && payload.aud === undefined)
    throw refused(`The token has no aud and no scope that begins with ${prefix}, expected one of them.`);
  return own;
}

/** For the message about a token without scopes of this service. */
function scopesFound(payload: JWTPayload, names: readonly string[], { scopeClaims }: TokenProfile): string {
  if (names.length > 0) return `found ${shown(names.join(' '))}`;
  const elsewhere = SCOPE_CLAIMS.find((name) => !scopeClaims.includes(name) && Object.hasOwn(payload, name));
  return elsewhere === undefined
    ? 'found none'
    : `found none in ${scopeClaims.join(' or ')}, but the claim ${elsewhere}, which the operator can accept with OIDC_SCOPE_CLAIM`;
}

/**
 * The id by which a token can be revoked. RFC 9068 requires `jti`; a token of another type without one has Entra's `uti`, or the
 * SHA-256 of what its signature covers.
 */
function tokenIdOf({ text, payload }: SignedToken, type: string): string {
  const name = type !== 'at+jwt' && payload.jti === undefined && payload.uti !== undefined ? 'uti' : 'jti';
  if (type !== 'at+jwt' && payload[name] === undefined) {
    const signed = text.slice(0, text.lastIndexOf('.'));
    return `sha256:${createHash('sha256').update(signed).digest('hex')}`;
  }
  const id = requiredText(payload, name);
  // A line of the list of revoked tokens could not name it.
  if (!/^(?!#)\S(.*\S)?$/.test(id))
    throw refused(
      `The token's ${name} starts with # or contains line breaks or outer spaces, expected an id.`,
    );
  return id;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A value that names an issuer, an audience or a type. No other claim is ever shown. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function refused(message: string): AccessError {
  return new AccessError('invalid_token', message);
}
