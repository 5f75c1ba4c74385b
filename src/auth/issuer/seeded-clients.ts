import type { Scope } from '../scopes.js';

/** How a client gets its tokens: for itself, or for a user in a browser. */
export type ClientKind = 'client_credentials' | 'authorization_code';

interface SeededClientEntry {
  readonly id: string;
  readonly kind: ClientKind;
  readonly scopes: readonly Scope[];
  readonly purpose: string;
}

/** The clients that are registered with the development issuer. */
export const SEEDED_CLIENTS = [
  {
    id: 'demo-partner',
    kind: 'client_credentials',
    scopes: ['reports:read', 'reports:export'],
    purpose: 'a partner application that reads and exports reports',
  },
  {
    id: 'demo-dashboard',
    kind: 'authorization_code',
    scopes: ['reports:read', 'reports:export', 'jobs:read', 'jobs:run'],
    purpose: 'users in a browser',
  },
  {
    id: 'demo-admin',
    kind: 'client_credentials',
    scopes: ['reports:read', 'reports:export', 'jobs:read', 'jobs:run'],
    purpose: 'an operator that also starts jobs',
  },
] as const satisfies readonly SeededClientEntry[];

export type SeededClientId = (typeof SEEDED_CLIENTS)[number]['id'];

/** A seeded client with its secret. */
export interface SeededClient extends SeededClientEntry {
  readonly id: SeededClientId;
  readonly secret: string;
}
