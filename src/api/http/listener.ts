import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { listenAt } from '../../listening.js';

export interface ListenerOptions {
  readonly port: number;
  readonly host: string;
  /** How long requests under way may still take when the server stops, in ms. */
  readonly graceMs?: number;
}

/** A listening server that can be stopped without losing a request. */
export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

const DEFAULT_GRACE_MS = 30_000;
/** Against callers that send slowly on purpose, in ms: all headers, and the whole request, which may be a large file. */
const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 3_600_000;
/** Longer than the 60 s of common load balancers, so that it is they who close a connection at rest. */
const KEEP_ALIVE_MS = 65_000;

/** What a server makes of each request. */
export interface MessageClasses {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

/** @throws Failure `port_taken` */
export async function listen(
  listener: RequestListener,
  classes: MessageClasses,
  options: ListenerOptions,
): Promise<Listener> {
  let stopping = false;
  const server = createServer(
    {
      ...classes,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16_384,
    },
    (request, response) => {
      // Tells the caller not to use the connection again: the next request would be lost.
      if (stopping) response.setHeader('connection', 'close');
      listener(request, response);
    },
  );
  server.maxRequestsPerSocket = 0;
  const { port, host, graceMs = DEFAULT_GRACE_MS } = options;
  const at = await listenAt(server, { port, host, what: 'The API', settings: 'PORT or HOST' });
  const name = ['0.0.0.0', '::', '127.0.0.1'].includes(host) ? 'localhost' : host;
  return {
    url: `http://${name}:${at}`,
    close() {
      stopping = true;
      return stop(server, graceMs);
    },
  };
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    server.close(() => {
      for (const timer of timers) clearTimeout(timer);
      resolve();
    });
    // Connections whose last request ends from now on are at rest and would keep the server open.
    timers.push(setInterval(() => server.closeIdleConnections(), 50));
    timers.push(setTimeout(() => server.closeAllConnections(), graceMs));
  });
}
