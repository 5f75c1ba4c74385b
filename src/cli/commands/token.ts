import { readConfiguration } from '../../configuration.js';
import { Fault } from '../../fault.js';
import { print } from '../output/terminal.js';
import { accessToken } from '../runtime/access-token.js';
import { withEnvironment } from '../runtime/command.js';
import { findServer } from '../runtime/running-server.js';
import { builtInIssuer } from '../runtime/serve.js';

/** `marquee token`: an access token from the built-in issuer, which is started for it where it does not run. */
export async function token(options: { client: string }): Promise<void> {
  const configuration = readConfiguration();
  if (configuration.issuerUrl !== undefined) {
    throw new Fault(
      'issuer_not_built_in',
      `Tokens come from ${configuration.issuerUrl} here (OIDC_ISSUER); ask it for one.`,
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
