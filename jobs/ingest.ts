import { z } from 'zod';
import { Fault } from '../src/fault.js';
import { defineJob, planStep } from '../src/queue/ledger/job.js';
import { tableOf } from '../src/source/feed.js';
import { finishLoad, type LoadResult } from '../src/source/load/load-finisher.js';
import { loadPart } from '../src/source/load/part-loader.js';
import { examineFile, receiveFile } from '../src/source/receive/receive.js';
import { explainMissingKeys } from '../src/warehouse/clean/key-coverage.js';
import { findUnusableColumns } from '../src/warehouse/clean/unusable-values.js';
import {
  acceptColumns,
  defaultUnusableShare,
  explainUnusable,
  remedyOfHeld,
} from '../src/warehouse/extract/value-limit.js';
import { columnsRead, currentMapping } from '../src/warehouse/mapping/mapping-ledger.js';
import { queues, type Services } from './services.js';

const delivery = z.object({
  feed: z.string(),
  folder: z.string(),
  path: z.string(),
  name: z.string(),
  compression: z.enum(['none', 'gzip', 'zip']),
  entry: z.string().optional(),
});

/** The recorded result of a finished load; later stages read it. */
export interface LoadCounts {
  fileId: number;
  feed: string;
  name: string;
  /** A `withdrawn` file is not processed further. */
  outcome: 'loaded' | 'known' | 'withdrawn';
  read: number;
  loaded: number;
  rejected: number;
  warnings: string[];
  /** Who accepted, when the drop was started, whatever is unusable in the file. */
  acceptedBy?: string;
}

/** Loads one part of a file. */
export const loadPartJob = defineJob({
  name: 'load-part',
  queue: queues.ingest,
  payload: z.object({ fileId: z.int(), partNumber: z.int() }),
  run: async ({ payload, services, signal }: JobOf<{ fileId: number; partNumber: number }>) => {
    const { loaded, rejected } = await loadPart(
      services.pool,
      services.dataSet.feeds,
      payload.fileId,
      payload.partNumber,
      { signal },
    );
    return { loaded, rejected };
  },
});

const finish = z.object({
  fileId: z.int(),
  warnings: z.array(z.string()),
  /** Who accepts what is unusable: since the drop was started, or since a retry of this step. */
  acceptedBy: z.string().optional(),
  /** The same, but only since the drop was started: what is found later than this step was not known at a retry. */
  acceptedAtStartBy: z.string().optional(),
});

/** Makes a file visible when all its parts are loaded; or holds the run when too much of it cannot be used. */
export const finishLoadJob = defineJob({
  name: 'finish-load',
  queue: queues.ingest,
  payload: finish,
  holdOn: ['load_held'],
  run: async ({ payload, services, runId }: JobOf<z.output<typeof finish>>) => {
    const { fileId, acceptedBy, acceptedAtStartBy } = payload;
    const mapping = await currentMapping(services.pool);
    const share = services.maxUnusableShare ?? defaultUnusableShare;
    const result = await finishLoad(services.pool, services.dataSet.feeds, fileId, {
      storage: services.storage,
      rejectShare: services.maxRejectShare,
      // Before the file is cleaned, so that nothing of its drop is in the warehouse while the load is held.
      inspect: async (client, rows) => {
        if (mapping === null) return undefined;
        const missingKeys = await explainMissingKeys(client, mapping, rows, services.maxUnkeyedShare);
        if (missingKeys !== undefined) return missingKeys;
        const columns = await findUnusableColumns(client, mapping, rows, share);
        return columns.length === 0 ? undefined : explainUnusable(rows.name, columns, share);
      },
      acceptedBy,
      accept: async (client, rows) => {
        if (mapping === null || mapping.version === null || acceptedBy === undefined) return;
        const columns = await findUnusableColumns(client, mapping, rows, share);
        await acceptColumns(client, { fileId, mappingVersion: mapping.version, acceptedBy, runId }, columns);
      },
    });
    if (result.held !== undefined) {
      throw new Fault('load_held', `${result.held}. ${remedyOfHeld(runId)}`);
    }
    return { ...countsOf(result, payload.warnings), acceptedBy: acceptedAtStartBy };
  },
});

/**
 * Checks a file that waits for other files of its feed. Steps that wait for a refused file never start, so without this check
 * the faults of several files would be reported one after the other. The price is that the file is read twice.
 */
export const examineFileJob = defineJob({
  name: 'examine-file',
  queue: queues.ingest,
  payload: z.object({ delivery }),
  run: async ({ payload, services }: JobOf<{ delivery: z.output<typeof delivery> }>) => {
    const { pool, storage, dataSet } = services;
    const feed = dataSet.feeds.find((candidate) => candidate.name === payload.delivery.feed)!;
    const required = await columnsRead(pool, tableOf(feed));
    await examineFile(storage, { ...payload.delivery, feed }, { required });
    return {};
  },
});

const receiving = z.object({
  delivery,
  period: z.string(),
  origin: z.enum(['sample', 'own']).optional(),
  acceptedBy: z.string().optional(),
});

/** Receives one delivered file, and adds the steps that load its parts and finish it. */
export const receiveFileJob = defineJob({
  name: 'receive-file',
  queue: queues.ingest,
  payload: receiving,
  holdOn: ['load_held'],
  run: async ({ payload, services, runId, addSteps }: JobOf<z.output<typeof receiving>>) => {
    const { pool, storage, dataSet } = services;
    const feed = dataSet.feeds.find((candidate) => candidate.name === payload.delivery.feed)!;
    const received = await receiveFile(pool, storage, { ...payload.delivery, feed }, payload.period, {
      runId: runId ?? undefined,
      required: await columnsRead(pool, tableOf(feed)),
      origin: payload.origin,
    });
    const { fileId, openParts, warnings } = received;
    const open = received.outcome !== 'known' || received.state === 'held';
    if (open) {
      const file = `${feed.name}-${fileId}`;
      const parts = openParts.map((partNumber) =>
        planStep(loadPartJob, `${file}-part-${partNumber}`, { fileId, partNumber }),
      );
      const finish = planStep(
        finishLoadJob,
        `${file}-finish`,
        {
          fileId,
          warnings: [...warnings],
          acceptedBy: payload.acceptedBy,
          acceptedAtStartBy: payload.acceptedBy,
        },
        parts.map((part) => part.name),
      );
      await addSteps([...parts, finish]);
      return { fileId, parts: openParts.length };
    }
    return { ...knownCounts(received, payload.delivery.name), acceptedBy: payload.acceptedBy };
  },
});

function countsOf(result: LoadResult, warnings: string[]): LoadCounts {
  const { fileId, feed, name, state, read, loaded, rejected } = result;
  const outcome = state === 'withdrawn' ? 'withdrawn' : 'loaded';
  return { fileId, feed, name, outcome, read, loaded, rejected, warnings };
}

function knownCounts(
  received: {
    fileId: number;
    feed: string;
    notice?: string;
    warnings: readonly string[];
  },
  name: string,
): LoadCounts {
  return {
    fileId: received.fileId,
    feed: received.feed,
    name,
    outcome: 'known',
    read: 0,
    loaded: 0,
    rejected: 0,
    warnings: received.notice === undefined ? [] : [received.notice],
  };
}

type JobOf<Payload> = import('../src/queue/ledger/job.js').JobContext<Payload, Services>;
