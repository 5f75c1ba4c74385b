import { createServer } from 'node:http';
import type pg from 'pg';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { hostInUrl, listenAt } from '../../listening.js';

/** What the metrics record of each request. */
export interface RequestMeasure {
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  readonly fromCache: boolean;
}

export interface Metrics {
  request(measure: RequestMeasure): void;
  /** Serves the metrics in the Prometheus text format, on a separate port that clients of the API cannot reach. */
  listen(port: number, host: string): Promise<{ url: string; close(): Promise<void> }>;
}

/** @param isShared whether rate limits are shared between processes now; undefined if they never are */
export function apiMetrics(pool: pg.Pool, isShared: (() => boolean) | undefined): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: 'marquee_http_requests_total',
    help: 'Number of finished requests.',
    labelNames: ['route', 'status', 'cache'] as const,
    registers,
  });
  const seconds = new Histogram({
    name: 'marquee_http_request_seconds',
    help: 'Time from a request to the end of its response.',
    labelNames: ['route'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  new Gauge({
    name: 'marquee_database_connections',
    help: 'Database connections of the API, by state.',
    labelNames: ['state'] as const,
    registers,
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
      this.set({ state: 'waited_for' }, pool.waitingCount);
    },
  });
  if (isShared !== undefined) {
    new Gauge({
      name: 'marquee_rate_limits_shared',
      help: 'Whether rate limits are shared between processes (1), or counted by this one alone because Redis does not answer (0).',
      registers,
      collect() {
        this.set(isShared() ? 1 : 0);
      },
    });
  }
  // Finding a series by its labels takes longer than incrementing it.
  const series = new Map<string, (taken: number) => void>();
  return {
    request({ route, status, seconds: taken, fromCache }) {
      const cache = fromCache ? 'hit' : 'miss';
      const key = `${route} ${status} ${cache}`;
      let count = series.get(key);
      if (!count) {
        const [counter, histogram] = [requests.labels({ route, status, cache }), seconds.labels({ route })];
        count = (each) => {
          counter.inc();
          histogram.observe(each);
        };
        series.set(key, count);
      }
      count(taken);
    },
    async listen(port, host) {
      const server = createServer((request, response) => {
        if (request.url !== '/metrics') return response.writeHead(404).end();
        registry.metrics().then(
          (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
          () => response.writeHead(500).end(),
        );
      });
      const boundPort = await listenAt(server, {
        port,
        host,
        what: 'The metrics server',
        settings: 'METRICS_PORT',
      });
      return {
        url: `http://${hostInUrl(host)}:${boundPort}/metrics`,
        close: () =>
          new Promise((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      };
    },
  };
}
