import { createHash } from 'node:crypto';

/** The strong entity tag of an answer (RFC 9110 section 8.8.3). */
export function entityTag(body: string): string {
  return `"${createHash('sha1').update(body).digest('base64url')}"`;
}

/** Whether an If-None-Match names the tag: RFC 9110 section 13.1.2, by weak comparison. */
export function namesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}
