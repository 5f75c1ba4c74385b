import { basename, isAbsolute } from 'node:path';
import type { JsonValue } from '../ledger/json.js';

/** A path of at least two names, without spaces, that is not part of a URL or a word. */
const PATH = /(?<![\w.:/<>-])\/(?:[^\s/"'`,;:()]+\/)+([^\s/"'`,;:()]*)/g;

/**
 * A value for callers of the API, who must not learn where the server keeps its files: of each path only the last part is left, and
 * of a path in a known folder the part from that folder on.
 * @param folders folders of the server, which may contain spaces
 */
export function withoutServerPaths<Value extends JsonValue>(
  value: Value,
  folders: readonly string[] = [],
): Value {
  const known = [...folders, ...absolutePaths(value)]
    .filter((folder) => folder.length > 1)
    .sort((one, other) => other.length - one.length);
  const hide = (text: string): string => {
    const shorter = known.reduce((rest, folder) => rest.replaceAll(folder, basename(folder)), text);
    return shorter.replace(PATH, '$1');
  };
  const visit = (each: JsonValue | undefined): JsonValue | undefined => {
    if (typeof each === 'string') return hide(each);
    if (Array.isArray(each)) return each.map((item) => visit(item)!);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([name, inner]) => [name, visit(inner)]));
  };
  return visit(value) as Value;
}

/** The folders of drops in a value: they may contain spaces. */
function absolutePaths(value: JsonValue | undefined, name = ''): string[] {
  if (typeof value === 'string') return name === 'folder' && isAbsolute(value) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => absolutePaths(each, key));
}
