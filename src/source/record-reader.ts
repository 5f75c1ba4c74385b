import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { slideOver } from './byte-window.js';
import { readFields } from './field-reader.js';
import type { Limits } from './limits.js';
import type { Part } from './part.js';
import { RecordScanner } from './record-scanner.js';
import { judgeBytes, judgeFields, type Verdict } from './reject-judge.js';
import { toStrictRecord } from './strict-record.js';

/** A record that can be loaded. */
export interface GoodRecord {
  readonly number: number;
  /** The record, strictly quoted, without line end: COPY and Python's csv module read it alike. */
  readonly text: string;
}

/** A record that cannot, kept as it stood in the file. */
export interface RejectedRecord extends Verdict {
  readonly number: number;
  readonly line: number;
  readonly raw: string;
  /** How `raw` is written: `base64` where the bytes are not text Postgres could hold. */
  readonly rawEncoding: 'text' | 'base64';
}

/** What a part is read with. */
export interface PartReading {
  readonly file: FileHandle;
  readonly part: Pick<Part, 'byteStart' | 'byteEnd' | 'firstRecord' | 'firstLine'>;
  /** The names in the file's header. */
  readonly header: readonly string[];
  readonly limits: Limits;
}

/** Takes the records of one window in order; each record of the file is in one of the two lists. */
export type RecordTaker = (good: readonly GoodRecord[], rejected: readonly RejectedRecord[]) => Promise<void>;

/** Reads a part record by record and tells good ones from rejects. Memory is bounded by the window. */
export async function readPart(reading: PartReading, take: RecordTaker): Promise<void> {
  const { part, header, limits } = reading;
  const first = { record: part.firstRecord, line: part.firstLine };
  const scanner = new RecordScanner(header.length, limits, first);
  const range = { start: part.byteStart, end: part.byteEnd };
  await slideOver(reading.file, range, async (window, to, final) => {
    const candidates: { number: number; line: number; text: string; raw: string }[] = [];
    const rejected: RejectedRecord[] = [];
    const consumed = scanner.scan(window, to, final, (record) => {
      const { number, line } = record;
      const verdict = judgeBytes(record, limits);
      if (verdict === undefined) {
        const raw = record.raw.toString('utf8');
        const text = record.kind === 'loose' ? toStrictRecord(record.raw).toString('utf8') : raw;
        candidates.push({ number, line, text, raw });
      } else {
        rejected.push({ number, line, ...encodeRaw(record.raw), ...verdict });
      }
      return true;
    });
    const rows = await readFields(candidates.map((candidate) => candidate.text));
    const good = candidates.filter(({ number, line, raw }, index) => {
      const verdict = judgeFields(rows[index]!, header, limits);
      if (verdict !== undefined) {
        rejected.push({ number, line, raw, rawEncoding: 'text', ...verdict });
      }
      return verdict === undefined;
    });
    rejected.sort((left, right) => left.number - right.number);
    await take(good, rejected);
    return consumed;
  });
}

function encodeRaw(raw: Buffer): Pick<RejectedRecord, 'raw' | 'rawEncoding'> {
  return isUtf8(raw) && !raw.includes(0)
    ? { raw: raw.toString('utf8'), rawEncoding: 'text' }
    : { raw: raw.toString('base64'), rawEncoding: 'base64' };
}
