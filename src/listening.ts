import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Failure, messageOf } from './fault.js';

/** Where a server is to listen, and how that is told to people. */
export interface Place {
  readonly port: number;
  readonly host: string;
  /** What listens there, at the beginning of a sentence: `The API`. */
  readonly what: string;
  /** What is set to have it listen elsewhere: `PORT or HOST`. */
  readonly settings: string;
}

/**
 * Has a server listen.
 * @returns the port, where 0 took a free one
 * @throws Failure `port_taken` where it cannot
 */
export async function listenAt(server: Server, { port, host, what, settings }: Place): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      // Only of a port that is taken there is somebody to be ended: it may as well not be allowed, or the host not ours.
      const end = error.code === 'EADDRINUSE' ? 'end what listens there, or ' : '';
      reject(
        new Failure(
          'port_taken',
          `${what} cannot listen on ${host}:${port} (${messageOf(error)}); ${end}set another ${settings}.`,
          { cause: error },
        ),
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
