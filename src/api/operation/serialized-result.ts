import type { FormattedExecutionResult } from 'graphql';

/** Replaces the `data` of a response that is already JSON, so that it is not serialized again. */
class WrittenData {
  constructor(readonly text: string) {}
}

/** Wraps the JSON of a whole response in the type that Apollo passes on. */
export function writtenAnswer(text: string): FormattedExecutionResult {
  return { data: new WrittenData(text) as unknown as Record<string, unknown> };
}

/** The JSON that `writtenAnswer` wrapped, if any. */
export function writtenText({ data }: FormattedExecutionResult): string | undefined {
  return data instanceof WrittenData ? data.text : undefined;
}

export function stringifyAnswer(result: FormattedExecutionResult): string {
  return writtenText(result) ?? JSON.stringify(result);
}
