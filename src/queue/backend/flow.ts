import type { z } from 'zod';
import { Fault } from '../../fault.js';
import type { Counts, PlannedStep } from '../ledger/job.js';
import type { Step } from '../ledger/step-ledger.js';

/** What a stage knows when it plans its steps, and a flow when it ends. */
export interface FlowContext<Payload, Services> {
  readonly runId: string;
  readonly payload: Payload;
  readonly services: Services;
  /** What the steps done so far counted, by stage and then by step. */
  readonly results: ReadonlyMap<string, ReadonlyMap<string, Counts>>;
}

/** One stage of a flow: its steps are worked out when the stage begins, from what went before. */
export interface Stage<Payload, Services> {
  readonly name: string;
  /** Whether a run that is retried plans and does it once more, though it succeeded: what it found may hold no longer. */
  readonly anew?: boolean;
  /** Must not write: it may be called twice, and only one answer is kept. No steps: the stage is skipped. */
  plan(context: FlowContext<Payload, Services>): Promise<PlannedStep[]> | PlannedStep[];
}

/** What a flow came to, for its run in the ledger. */
export interface FlowResult {
  counts?: Counts;
  publication?: number;
}

/** A run's shape: stages one after another, the steps of each side by side as their dependencies allow. */
export interface FlowDefinition<Schema extends z.ZodType = z.ZodType, Services = never> {
  readonly name: string;
  readonly queue: string;
  readonly payload: Schema;
  readonly stages: readonly Stage<z.output<Schema>, Services>[];
  /** Called once all stages are done; like `plan` it must not write. */
  finish?(context: FlowContext<z.output<Schema>, Services>): Promise<FlowResult> | FlowResult;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of flows of different payloads has no narrower type.
export type AnyFlow<Services> = FlowDefinition<any, Services>;

/** @throws Fault `flow_shape` when two stages share a name. */
export function defineFlow<Schema extends z.ZodType, Services>(
  flow: FlowDefinition<Schema, Services>,
): FlowDefinition<Schema, Services> {
  const names = flow.stages.map((stage) => stage.name);
  if (new Set(names).size !== names.length) {
    throw new Fault(
      'flow_shape',
      `Flow ${flow.name} has two stages of one name (${names.join(', ')}); rename one.`,
    );
  }
  return flow;
}

/** A step's name in the run: two stages may use the same words. */
function stepName(stage: string, name: string): string {
  return `${stage}:${name}`;
}

/**
 * The planned steps under their names in the run, proven to be runnable.
 * @param known names the stage already has, which the new ones may depend on.
 * @throws Fault `flow_shape` for a repeated name, an unknown dependency or a circle.
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
        `Step ${step.name} is planned twice; give each step of a stage its own name.`,
      );
    }
    seen.add(step.name);
    const unknown = step.dependsOn.find((needed) => !all.has(needed));
    if (unknown !== undefined) {
      throw new Fault('flow_shape', `Step ${step.name} needs ${unknown}, which the stage does not have.`);
    }
  }
  refuseCircles(named, known);
  return named;
}

function refuseCircles(steps: readonly PlannedStep[], known: readonly string[]): void {
  const runnable = new Set(known);
  let waiting = [...steps];
  while (waiting.length > 0) {
    const ready = waiting.filter((step) => step.dependsOn.every((needed) => runnable.has(needed)));
    if (ready.length === 0) {
      const names = waiting.map((step) => step.name).join(', ');
      throw new Fault(
        'flow_shape',
        `The steps ${names} wait for each other in a circle; remove one dependency.`,
      );
    }
    for (const step of ready) runnable.add(step.name);
    waiting = waiting.filter((step) => !runnable.has(step.name));
  }
}

/** What the steps done so far counted, by stage name and then by the step's name in its stage. */
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
