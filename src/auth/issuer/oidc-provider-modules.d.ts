// The package has no types for the internal modules that are imported directly.
declare module 'oidc-provider/lib/provider.js' {
  import type ProviderType from 'oidc-provider';
  import type { Configuration } from 'oidc-provider';
  export const Provider: new (issuer: string, configuration?: Configuration) => ProviderType;
}
declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  import type { AdapterFactory } from 'oidc-provider';
  export function createMemoryAdapter(clockTolerance?: number): AdapterFactory;
}
