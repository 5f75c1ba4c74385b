import type { z } from 'zod';
import { Fault } from '../../fault.js';
import type { Counts, PlannedStep } from '../ledger/job.js';
import type { Step } from '../ledger/step.js';

/** What a stage gets to plan its steps, and a flow to compute its result. */
export interface FlowContext<Payload, Services> {
  readonly runId: string;
  readonly payload: Payload;
  readonly services: Services;
  /** Counts of the steps done so far, by stage and then by step. */
  readonly results: ReadonlyMap<string, ReadonlyMap<string, Counts>>;
}

/** One stage of a flow. Its steps are planned when it begins, from the results of earlier stages. */
export interface Stage<Payload, Services> {
  readonly name: string;
  /** Whether a retried run repeats the stage although it succeeded, because its result may be out of date. */
  readonly repeatOnRetry?: boolean;
  /** Must not write: it may be called twice, and only one result is used. A stage without steps is skipped. */
  plan(context: FlowContext<Payload, Services>): Promise<PlannedStep[]> | PlannedStep[];
}

/** The result of a flow, stored in its run. */
export interface FlowResult {
  counts?: Counts;
  publication?: number;
}

/** A kind of run: stages one after another; the steps of a stage run in parallel as far as their dependencies allow. */
export interface FlowDefinition<Schema extends z.ZodType = z.ZodType, Services = never> {
  readonly name: string;
  readonly queue: string;
  readonly payload: Schema;
  readonly stages: readonly Stage<z.output<Schema>, Services>[];
  /** Called when all stages are done; like `plan`, it must not write. */
  finish?(context: FlowContext<z.output<Schema>, Services>): Promise<FlowResult> | FlowResult;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of flows of different payloads has no narrower type.
export type AnyFlow<Services> = FlowDefinition<any, Services>;

/** @throws Fault `flow_shape` when two stages have the same name */
export function defineFlow<Schema extends z.ZodType, Services>(
  flow: FlowDefinition<Schema, Services>,
): FlowDefinition<Schema, Services> {
  const names = flow.stages.map((stage) => stage.name);
  if (new Set(names).size !== names.length) {
    throw new Fault(
      'flow_shape',
      `Flow ${flow.name} has two stages with the same name (${names.join(', ')}); rename one of them.`,
    );
  }
  return flow;
}

/** A step's name in the run; it contains the stage, since two stages may use the same step name. */
function stepName(stage: string, name: string): string {
  return `${stage}:${name}`;
}

/**
 * The planned steps with their names in the run, after checking that they can run.
 * @param known names of steps the stage already has; new steps may depend on them
 * @throws Fault `flow_shape` for a repeated name, an unknown dependency or a cycle
 */
export function nameSteps(
  stage: string,
  steps: readonly PlannedStep[],
  known: readonly string[] = [],
): PlannedStep[] {
  const named = steps.map((step) => ({
    ...step,
    name: stepName(stage, step.name),
    dependsOn: step.dependsOn.map((needed) => stepName(stage, needed)),
  }));
  const all = new Set([...known, ...named.map((step) => step.name)]);
  const seen = new Set<string>();
  for (const step of named) {
    if (seen.has(step.name)) {
      throw new Fault(
        'flow_shape',
        `Step ${step.name} is planned twice; give each step of a stage a different name.`,
      );
    }
    seen.add(step.name);
    const unknown = step.dependsOn.find((needed) => !all.has(needed));
    if (unknown !== undefined) {
      throw new Fault('flow_shape', `Step ${step.name} depends on ${unknown}, which is not in the stage.`);
    }
  }
  refuseCycles(named, known);
  return named;
}

function refuseCycles(steps: readonly PlannedStep[], known: readonly string[]): void {
  const runnable = new Set(known);
  let waiting = [...steps];
  while (waiting.length > 0) {
    const ready = waiting.filter((step) => step.dependsOn.every((needed) => runnable.has(needed)));
    if (ready.length === 0) {
      const names = waiting.map((step) => step.name).join(', ');
      throw new Fault(
        'flow_shape',
        `The steps ${names} depend on each other in a cycle; remove one dependency.`,
      );
    }
    for (const step of ready) runnable.add(step.name);
    waiting = waiting.filter((step) => !runnable.has(step.name));
  }
}

/** Counts of the succeeded steps, by stage name and then by the step's name in its stage. */
export function resultsOf(
  stages: readonly { name: string }[],
  steps: readonly Step[],
): Map<string, Map<string, Counts>> {
  const results = new Map<string, Map<string, Counts>>(stages.map((stage) => [stage.name, new Map()]));
  for (const step of steps) {
    const stage = stages[step.stage]?.name;
    if (stage !== undefined && step.state === 'succeeded') {
      results.get(stage)?.set(step.name.slice(stage.length + 1), step.counts);
    }
  }
  return results;
}
