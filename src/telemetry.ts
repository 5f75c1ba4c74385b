import type { Attributes, Context, Span, SpanKind, Tracer } from '@opentelemetry/api';

type OpenTelemetryApi = typeof import('@opentelemetry/api');

/** What a span tells besides its name: never a value a caller gave, a token or a record. */
export type { Attributes };

let using: { readonly api: OpenTelemetryApi; readonly tracer: Tracer } | undefined;

/** Has spans made from now on. Without it, as by default, nothing of OpenTelemetry is loaded and nothing is made. */
export function useTelemetry(api: OpenTelemetryApi, tracer: Tracer): void {
  using = { api, tracer };
}

/** Stops making spans. */
export function forgetTelemetry(): void {
  using = undefined;
}

/**
 * Does a piece of work in a span of its own, below the one that is open; failing fails the span.
 * @param isFailure Tells errors that mean something else from failures.
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

/** Names the open span anew, or tells more of it. */
export function describeSpan(name: string | undefined, attributes: Attributes): void {
  const span = using?.api.trace.getActiveSpan();
  if (name !== undefined) span?.updateName(name);
  span?.setAttributes(attributes);
}

/** The span of a request that others may have begun a trace for. */
export interface RequestSpan {
  /** Does the request's work: what it opens lies below this span. */
  within(work: () => void): void;
  end(name: string, attributes: Attributes, failed: boolean): void;
}

/**
 * Opens the span of a request, below the caller's own where its headers name one (W3C Trace Context).
 * @returns undefined while no spans are made
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

/** Messages may quote what a caller or a vendor sent, so only the kind of the error is told. */
function fail(api: OpenTelemetryApi, span: Span, error: unknown): void {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  span.setStatus({ code: api.SpanStatusCode.ERROR });
  span.setAttribute('error.type', String(code ?? name ?? 'unknown'));
}
