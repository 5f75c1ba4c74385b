import { SCOPES, type Scope } from '../scopes.js';

/** A person of the development issuer, logged in by a button: there is no password to know. */
export interface DevelopmentAccount {
  readonly id: string;
  readonly scopes: readonly Scope[];
}

/** The people the development issuer knows. */
export const DEVELOPMENT_ACCOUNTS: readonly DevelopmentAccount[] = [
  { id: 'analyst', scopes: ['reports:read', 'reports:export'] },
  { id: 'operator', scopes: ['reports:read', 'jobs:read'] },
  { id: 'admin', scopes: SCOPES },
];
