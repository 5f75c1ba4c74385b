import type { Server } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { Failure, Fault, messageOf } from './fault.js';

/** The host is not an address of this machine, is no known name, or the port is for privileged processes only. */
const WRONG_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EINVAL', 'EACCES']);

/** The address a server listens on, and how messages refer to it. */
export interface Place {
  readonly port: number;
  readonly host: string;
  /** Name of the server, to start a sentence with: `The API`. */
  readonly what: string;
  /** The settings that change the address: `PORT or HOST`. */
  readonly settings: string;
}

/** The host as part of a URL, where an IPv6 address is in brackets and has no zone. */
export function hostInUrl(host: string): string {
  return isIPv6(host) ? `[${host.replace(/%.*/, '')}]` : host;
}

/**
 * Starts the server listening.
 * @returns the port; if 0 was requested, the free port that was chosen
 * @throws Failure `port_taken` if it cannot listen there; Fault `address_unusable` if it never can, because the address is not one of this
 * machine or the port is reserved
 */
export async function listenAt(server: Server, { port, host, what, settings }: Place): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      // Only if the port is in use can another process be stopped: it may also not be permitted, or the host not be local.
      const end = error.code === 'EADDRINUSE' ? 'stop the process that uses the port, or ' : '';
      const message = `${what} cannot listen on ${hostInUrl(host)}:${port} (${messageOf(error)}); ${end}set another ${settings}.`;
      reject(
        WRONG_ADDRESS.has(error.code ?? '')
          ? new Fault('address_unusable', message, { cause: error })
          : new Failure('port_taken', message, { cause: error }),
      );
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}
