import type { Attributes, Context, Span, SpanKind, Tracer } from '@opentelemetry/api';

type OpenTelemetryApi = typeof import('@opentelemetry/api');

/** The attributes of a span. They never contain a caller's values, a token or a record. */
export type { Attributes };

let using: { readonly api: OpenTelemetryApi; readonly tracer: Tracer } | undefined;

/** Creates spans from now on. By default, OpenTelemetry is not even loaded. */
export function useTelemetry(api: OpenTelemetryApi, tracer: Tracer): void {
  using = { api, tracer };
}

/** Stops creating spans. */
export function forgetTelemetry(): void {
  using = undefined;
}

/**
 * Does a piece of work in a new span, a child of the current one. An error marks the span as failed.
 * @param isFailure whether an error is a failure; some errors have another meaning
 */
export async function spanned<Result>(
  name: string,
  kind: keyof typeof SpanKind,
  attributes: Attributes,
  work: () => Promise<Result>,
  isFailure: (error: unknown) => boolean = () => true,
): Promise<Result> {
  if (!using) return work();
  const { api, tracer } = using;
  const span = tracer.startSpan(name, { kind: api.SpanKind[kind], attributes });
  try {
    return await api.context.with(api.trace.setSpan(api.context.active(), span), work);
  } catch (error) {
    if (isFailure(error)) fail(api, span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Renames the current span, or adds attributes to it. */
export function describeSpan(name: string | undefined, attributes: Attributes): void {
  const span = using?.api.trace.getActiveSpan();
  if (name !== undefined) span?.updateName(name);
  span?.setAttributes(attributes);
}

/** The span of a request, whose trace the caller may have started. */
export interface RequestSpan {
  /** Does the request's work; spans that it opens are children of this span. */
  within(work: () => void): void;
  end(name: string, attributes: Attributes, failed: boolean): void;
}

/**
 * Opens the span of a request. It is a child of the caller's span if the headers contain one (W3C Trace Context).
 * @returns undefined if no spans are created
 */
export function openRequestSpan(
  headers: Readonly<Record<string, unknown>>,
  attributes: Attributes,
): RequestSpan | undefined {
  if (!using) return undefined;
  const { api, tracer } = using;
  const outside: Context = api.propagation.extract(api.ROOT_CONTEXT, headers);
  const span = tracer.startSpan('request', { kind: api.SpanKind.SERVER, attributes }, outside);
  return {
    within: (work) => api.context.with(api.trace.setSpan(outside, span), work),
    end(name, more, failed) {
      span.updateName(name);
      span.setAttributes(more);
      if (failed) span.setStatus({ code: api.SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** Records only the kind of the error, because messages may quote what a caller or a vendor sent. */
function fail(api: OpenTelemetryApi, span: Span, error: unknown): void {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  span.setStatus({ code: api.SpanStatusCode.ERROR });
  span.setAttribute('error.type', String(code ?? name ?? 'unknown'));
}
