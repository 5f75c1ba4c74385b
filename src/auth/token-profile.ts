/** How the tokens of an issuer are formed. By default as RFC 9068 requires. */
export interface TokenProfile {
  /** Accepted `typ` headers; `none`: a token without one. */
  readonly types: readonly string[];
  /** The claims that contain scopes. */
  readonly scopeClaims: readonly string[];
  /** The claim with the client's id. */
  readonly clientClaim: string;
  /**
   * Where a token names its audience: in `aud`, or before each scope (`marquee/reports:read`), as Cognito's tokens do, which have
   * no `aud`.
   */
  readonly audienceClaim: 'aud' | 'scope';
}

export const RFC_9068: TokenProfile = {
  types: ['at+jwt'],
  scopeClaims: ['scope'],
  clientClaim: 'client_id',
  audienceClaim: 'aud',
};

/** The name of this service's scope at the issuer. */
export function scopeAtIssuer(
  scope: string,
  { audience, profile = RFC_9068 }: { readonly audience: string; readonly profile?: TokenProfile },
): string {
  return profile.audienceClaim === 'scope' ? `${audience}/${scope}` : scope;
}

/** `at+jwt` and `application/at+jwt` are the same type (RFC 7515 section 4.1.9). */
export function tokenType(typ: unknown): string {
  if (typ === undefined) return 'none';
  return String(typ)
    .toLowerCase()
    .replace(/^application\//, '');
}
