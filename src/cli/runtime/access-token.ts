import { SEEDED_CLIENTS } from '../../auth/issuer/seeded-clients.js';
import { loadIssuerSecrets } from '../../auth/issuer/store.js';
import { fetchClientToken } from '../../auth/tokens/client-credentials.js';
import { Fault } from '../../fault.js';

/**
 * Fetches an access token for one of the built-in issuer's clients.
 *
 * @throws Fault `client_unknown`
 */
export async function accessToken(home: string, issuerUrl: string, clientId: string): Promise<string> {
  const clients = SEEDED_CLIENTS.filter(({ kind }) => kind === 'client_credentials');
  const client = clients.find(({ id }) => id === clientId);
  if (client === undefined) {
    const known = clients.map(({ id }) => id).join(', ');
    throw new Fault(
      'client_unknown',
      `The built-in issuer has no token for ${clientId}. Available clients: ${known}.`,
    );
  }
  const { clientSecrets } = await loadIssuerSecrets(home);
  const { accessToken: token } = await fetchClientToken({
    issuerUrl,
    clientId: client.id,
    clientSecret: clientSecrets[client.id],
    scopes: client.scopes,
  });
  return token;
}
