import type { FormattedExecutionResult } from 'graphql';

/** Stands for the `data` of an answer whose JSON is written already, so that no value of it is written twice. */
class WrittenData {
  constructor(readonly text: string) {}
}

/** An answer in the form that Apollo passes on, from the whole of its JSON. */
export function writtenAnswer(text: string): FormattedExecutionResult {
  return { data: new WrittenData(text) as unknown as Record<string, unknown> };
}

/** The JSON of an answer if it was written before. */
export function writtenText({ data }: FormattedExecutionResult): string | undefined {
  return data instanceof WrittenData ? data.text : undefined;
}

/** Writes an answer. */
export function stringifyAnswer(result: FormattedExecutionResult): string {
  return writtenText(result) ?? JSON.stringify(result);
}
