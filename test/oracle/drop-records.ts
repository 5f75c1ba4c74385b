import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wholeNumber } from './field-values.js';
import { type PythonValue, readPython } from './python-value.js';
import { readCsv } from './vendor-csv.js';

/** A folder with the vendor's files of one period, YYYY-MM. */
export interface VendorDrop {
  readonly period: string;
  readonly folder: string;
}

/** A record with its number; without values if it is broken. */
export interface FeedRecord {
  readonly number: number;
  readonly values: Readonly<Record<string, string>> | null;
}

/** The bytes of a file of a drop, one character each; undefined if the drop does not contain it. */
export function bytesOf({ folder }: VendorDrop, fileName: string): string | undefined {
  const path = join(folder, fileName);
  return existsSync(path) ? readFileSync(path, 'latin1') : undefined;
}

/**
 * The records of a file's bytes. A record is broken if its number of fields differs from the header, or if it contains a NUL
 * or bytes that are not UTF-8.
 */
export function recordsOf(bytes: string): FeedRecord[] {
  const [header, ...records] = readCsv(bytes);
  return records.map(({ number, fields }) => {
    const texts = fields.map(textOf);
    const isBroken = fields.length !== header!.fields.length || texts.includes(null);
    const values = header!.fields.map((column, place) => [column, texts[place]!] as const);
    return { number, values: isBroken ? null : Object.fromEntries(values) };
  });
}

function textOf(bytes: string): string | null {
  if (bytes.includes('\0')) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return null;
  }
}

/** An entry of a nested column: the texts of the requested fields. */
export type Entry = Readonly<Record<string, string | null>>;

/**
 * The entries of a nested column, which is a list of dicts or one dict. Undefined if the text is neither, or if a requested
 * field contains what a database cannot store: then none of its entries is used.
 */
export function entriesOf(text: string | undefined, wanted: readonly string[]): Entry[] | undefined {
  if (text === undefined || text.trim() === '') return [];
  const value = readPython(text);
  if (value === null) return [];
  const list = Array.isArray(value) ? value : [value];
  const entries: Entry[] = [];
  for (const item of list) {
    if (item === null || typeof item !== 'object' || Array.isArray(item) || isNumber(item)) return undefined;
    const entry = Object.fromEntries(
      wanted.map((field) => [field, textIn((item as Record<string, PythonValue>)[field])]),
    );
    if (Object.values(entry).some((held) => held !== null && /\0|\p{Cs}/u.test(held))) return undefined;
    entries.push(entry);
  }
  return value === undefined ? undefined : entries;
}

/** The entries whose `id` is a number, with that number. */
export function keyedEntries(text: string | undefined, wanted: readonly string[]): [number, Entry][] {
  return (entriesOf(text, ['id', ...wanted]) ?? []).flatMap((entry) => {
    const id = wholeNumber(entry.id);
    return id === null ? [] : [[id, entry] as [number, Entry]];
  });
}

function textIn(value: PythonValue | undefined): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return value;
  return isNumber(value) ? value.digits : JSON.stringify(value);
}

function isNumber(value: PythonValue | undefined): value is { digits: string } {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && 'digits' in value;
}
