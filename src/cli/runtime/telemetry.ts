import type { Configuration } from '../../configuration.js';
import { forgetTelemetry, useTelemetry } from '../../telemetry.js';
import { type Log, quietly } from '../output/log.js';

/** Sends the spans of this process. */
export interface Telemetry {
  /** Sends the remaining spans and stops. */
  close(): Promise<void>;
}

/** Maximum wait for the collector: one that is gone must not keep a process from exiting. */
const CLOSE_MS = 3_000;

/**
 * Sends spans to the collector that the standard `OTEL_*` variables name; without one nothing is loaded. OpenTelemetry's
 * own packages read the service name, headers, sampler and limits from the same variables.
 * @param service this process's service name, used when OTEL_SERVICE_NAME is not set
 */
export async function startTelemetry(
  { telemetry }: Configuration,
  service: string,
  log: Log,
): Promise<Telemetry> {
  if (telemetry === undefined) return { close: async () => undefined };
  const [
    api,
    { BatchSpanProcessor, NodeTracerProvider },
    { defaultResource, detectResources, envDetector, resourceFromAttributes },
    { OTLPTraceExporter },
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/resources'),
    telemetry.protocol === 'http/json'
      ? import('@opentelemetry/exporter-trace-otlp-http')
      : import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  const report = quietly(log);
  const silent = () => undefined;
  api.diag.setLogger(
    {
      error: (message) => report(`OpenTelemetry: ${message}`),
      warn: (message) => report(`OpenTelemetry: ${message}`),
      info: silent,
      debug: silent,
      verbose: silent,
    },
    api.DiagLogLevel.WARN,
  );
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  useTelemetry(api, provider.getTracer('marquee'));
  return {
    async close() {
      forgetTelemetry();
      const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref());
      await Promise.race([provider.shutdown().catch(report), late]);
      for (const part of [api.trace, api.context, api.propagation, api.diag]) part.disable();
    },
  };
}
