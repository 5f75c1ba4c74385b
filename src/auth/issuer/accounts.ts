import { SCOPES, type Scope } from '../scopes.js';

/** An account of the development issuer. Its users log in with a button, without a password. */
export interface DevelopmentAccount {
  readonly id: string;
  readonly scopes: readonly Scope[];
}

export const DEVELOPMENT_ACCOUNTS: readonly DevelopmentAccount[] = [
  { id: 'analyst', scopes: ['reports:read', 'reports:export'] },
  { id: 'operator', scopes: ['reports:read', 'jobs:read'] },
  { id: 'admin', scopes: SCOPES },
];
