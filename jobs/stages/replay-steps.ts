import { z } from 'zod';
import { ledger } from '../../src/database/prisma-client.js';
import { type PlannedStep, planStep } from '../../src/queue/ledger/job.js';
import { nestedColumns } from '../../src/warehouse/mapping/mapping.js';
import type { Mapping } from '../../src/warehouse/mapping/table-plan.js';
import type { ReplayedFile } from '../../src/warehouse/rebuild/rebuild.js';
import { expandFileJob, judgeFileJob } from '../clean.js';
import type { Services } from '../services.js';

/** Fields in the payload of every run that reads files under another mapping. */
export const acceptance = {
  /** Who accepts, in this attempt, columns of which too much cannot be used under the mapping. */
  valuesAcceptedBy: z.string().nullish(),
};

export interface Acceptance {
  readonly valuesAcceptedBy?: string | null | undefined;
}

/** A step for each file that is read under a mapping under which it was not cleaned before. */
export async function judgeReplayed(
  pool: Services['pool'],
  replayed: readonly ReplayedFile[],
  { valuesAcceptedBy }: Acceptance,
): Promise<PlannedStep[]> {
  const { fileTransform } = await ledger(pool);
  const cleaned = await fileTransform.findMany({ select: { file_id: true, mapping_version: true } });
  const nameOf = (fileId: number, version: number) => `judge-${fileId}-${version}`;
  const judged = new Set(cleaned.map((row) => nameOf(row.file_id, row.mapping_version)));
  const acceptedBy = valuesAcceptedBy ?? undefined;
  const steps = replayed
    .map(({ fileId, mappingVersion }) =>
      planStep(judgeFileJob, nameOf(fileId, mappingVersion), { fileId, mappingVersion, acceptedBy }),
    )
    .filter(({ name }) => !judged.has(name));
  return [...new Map(steps.map((step) => [step.name, step])).values()];
}

export interface PlannedExpand {
  readonly fileId: number;
  readonly step: PlannedStep;
}

/** A step for each file with nested columns. A file that is read under several versions is expanded under the newest. */
export function planExpands(
  mapping: Mapping,
  files: readonly { readonly id: number; readonly feed: string }[],
  replayed: readonly ReplayedFile[],
  { valuesAcceptedBy }: Acceptance,
): PlannedExpand[] {
  return files
    .filter(({ feed }) => nestedColumns(mapping, `src_${feed}`).length > 0)
    .map(({ id }) => {
      const versions = replayed.filter(({ fileId }) => fileId === id).map((file) => file.mappingVersion);
      const payload = {
        fileId: id,
        mappingVersion: Math.max(...versions),
        acceptedBy: valuesAcceptedBy ?? undefined,
      };
      return { fileId: id, step: planStep(expandFileJob, `expand-${id}`, payload) };
    });
}
