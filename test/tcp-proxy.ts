import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server, and can cut the line: open connections end, and new ones are refused. */
export interface TcpProxy {
  /** The same URL through the proxy. */
  readonly url: string;
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Passes nothing on any more, without closing anything: as a server does that hangs. */
  freeze(): void;
  thaw(): void;
}

export async function openProxy(url: string): Promise<TcpProxy> {
  const target = new URL(url);
  const socketFolder = target.searchParams.get('host');
  const port = Number(target.port || 5432);
  const open = new Set<Socket>();
  let frozen = false;
  const answer = (client: Socket) => {
    const server =
      socketFolder === null ? connect(port, target.hostname) : connect(`${socketFolder}/.s.PGSQL.${port}`);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(socket);
      socket
        .on('error', () => other.destroy())
        .on('close', () => {
          open.delete(socket);
          other.destroy();
        });
      socket.on('data', (data) => other.write(data));
      if (frozen) socket.pause();
    }
  };
  let listening: Server = createServer(answer).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port: own } = listening.address() as AddressInfo;
  const through = new URL(url);
  through.searchParams.delete('host');
  through.hostname = '127.0.0.1';
  through.port = String(own);
  return {
    url: through.href,
    async cut() {
      const closed = once(listening, 'close');
      listening.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
    freeze() {
      frozen = true;
      for (const socket of open) socket.pause();
    },
    thaw() {
      frozen = false;
      for (const socket of open) socket.resume();
    },
    async mend() {
      listening = createServer(answer).listen(own, '127.0.0.1');
      await once(listening, 'listening');
    },
  };
}
