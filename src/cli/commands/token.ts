import { readConfiguration } from '../../configuration.js';
import { Fault } from '../../fault.js';
import { print } from '../output/terminal.js';
import { accessToken } from '../runtime/access-token.js';
import { withEnvironment } from '../runtime/command.js';
import { findServer } from '../runtime/running-server.js';
import { builtInIssuer } from '../runtime/serve.js';

/** `marquee token`: prints an access token from the built-in issuer, which is started if it is not running. */
export async function token(options: { client: string }): Promise<void> {
  const configuration = readConfiguration();
  if (configuration.issuerUrl !== undefined) {
    throw new Fault(
      'issuer_not_built_in',
      `Access tokens come from ${configuration.issuerUrl} (OIDC_ISSUER). Get one there.`,
    );
  }
  const server = await findServer(configuration.home);
  if (server !== undefined) {
    print(await accessToken(configuration.home, server.issuerUrl, options.client));
    return;
  }
  await withEnvironment(async (environment) => {
    const issuer = await builtInIssuer(environment);
    try {
      print(await accessToken(configuration.home, issuer.issuerUrl, options.client));
    } finally {
      await issuer.close();
    }
  });
}
