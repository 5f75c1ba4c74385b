import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { hostInUrl, listenAt } from '../../listening.js';

export interface ListenerOptions {
  readonly port: number;
  readonly host: string;
  /** How long running requests may take to finish after the server is asked to stop, in ms. */
  readonly graceMs?: number;
}

/** A server that can stop without losing a request. */
export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

const DEFAULT_GRACE_MS = 30_000;
/** Protect against clients that send slowly on purpose. A request may upload a large file, so it has much longer. */
const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 3_600_000;
/** Longer than the 60 s of common load balancers, so that the load balancer closes an idle connection first. */
const KEEP_ALIVE_MS = 65_000;

/** The classes that the server instantiates for each request. */
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
      // Without this header the client would reuse the connection, and its next request would be lost.
      if (stopping) response.setHeader('connection', 'close');
      listener(request, response);
    },
  );
  server.maxRequestsPerSocket = 0;
  const { port, host, graceMs = DEFAULT_GRACE_MS } = options;
  const boundPort = await listenAt(server, { port, host, what: 'The API', settings: 'PORT or HOST' });
  const name = ['0.0.0.0', '::', '127.0.0.1'].includes(host) ? 'localhost' : hostInUrl(host);
  return {
    url: `http://${name}:${boundPort}`,
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
    // Connections that become idle from now on would keep the server open.
    timers.push(setInterval(() => server.closeIdleConnections(), 50));
    timers.push(setTimeout(() => server.closeAllConnections(), graceMs));
  });
}
