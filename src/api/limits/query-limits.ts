import {
  type DocumentNode,
  type FieldNode,
  Lexer,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql';
import { limitError } from '../errors/api-error.js';
import type { RequestLimits } from './limits.js';

/** Counts the lexical tokens of a document, up to the first syntax error. The body's size bounds the work. */
export function countTokens(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  try {
    while (lexer.advance().kind !== TokenKind.EOF) count += 1;
  } catch {
    // The count so far exceeds the limit already.
  }
  return count;
}

const INTROSPECTION_FIELDS: ReadonlySet<string> = new Set(['__schema', '__type']);

/** Depth of a set of fields, and their number with every fragment spread expanded. */
interface Extent {
  readonly depth: number;
  readonly fields: number;
}

/**
 * Returns the check of a document's depth, fields and aliases. Apollo caches parsed documents, so each one is measured
 * once.
 * @throws LIMIT_EXCEEDED
 */
export function shapeCheck(limits: RequestLimits): (document: DocumentNode) => void {
  const measured = new WeakSet<DocumentNode>();
  return (document) => {
    if (measured.has(document)) return;
    checkShape(document, limits);
    measured.add(document);
  };
}

/** Later steps follow every fragment spread, so this check of a valid document comes before them. */
function checkShape(document: DocumentNode, limits: RequestLimits): void {
  const operations = document.definitions.filter(
    (each): each is OperationDefinitionNode => each.kind === 'OperationDefinition',
  );
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === 'FragmentDefinition' ? [[each.name.value, each.selectionSet] as const] : [],
    ),
  );
  let aliases = 0;
  // Each fragment is measured once and counted at every spread. Following every spread would take as long as the
  // documents that this check is there to refuse.
  const extents = new Map<string, Extent>();
  const measured = new Map<SelectionSetNode, Extent>();
  function extentOf(set: SelectionSetNode): Extent {
    const known = measured.get(set);
    if (known) return known;
    let depth = 0;
    let fields = 0;
    for (const selection of set.selections) {
      const inner = innerExtent(selection);
      const own = selection.kind === 'Field' ? 1 : 0;
      depth = Math.max(depth, own + inner.depth);
      // At least 1: a fragment that contains only spreads costs work, too.
      fields = Math.min(fields + Math.max(own + inner.fields, 1), Number.MAX_SAFE_INTEGER);
    }
    measured.set(set, { depth, fields });
    return { depth, fields };
  }
  function innerExtent(selection: SelectionNode): Extent {
    if (selection.kind !== 'FragmentSpread') {
      if (selection.kind === 'Field' && selection.alias) aliases += 1;
      return selection.selectionSet ? extentOf(selection.selectionSet) : { depth: 0, fields: 0 };
    }
    const name = selection.name.value;
    let extent = extents.get(name);
    if (!extent) {
      extent = extentOf(fragments.get(name)!);
      extents.set(name, extent);
    }
    return extent;
  }
  for (const { selectionSet } of operations) {
    const { fields } = extentOf(selectionSet);
    if (fields > limits.fields) throw limitError('fields', limits.fields, fields);
    // Each field on its own: reading the schema must not allow the other fields of the operation to be deeper.
    for (const { name, selectionSet: inner } of rootFields(selectionSet, fragments)) {
      const depth = 1 + (inner ? extentOf(inner).depth : 0);
      const allowed = INTROSPECTION_FIELDS.has(name.value) ? limits.introspectionDepth : limits.depth;
      if (depth > allowed) throw limitError('depth', allowed, depth);
    }
  }
  if (aliases > limits.aliases) throw limitError('aliases', limits.aliases, aliases);
}

/**
 * Checks the depth of a JSON value, because the code that reads it next is recursive.
 * @throws LIMIT_EXCEEDED
 */
export function checkInputDepth(value: unknown, limits: RequestLimits): void {
  let depth = 0;
  let level: unknown[] = [value];
  while (true) {
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
    if (level.length === 0) break;
    depth += 1;
  }
  if (depth > limits.inputDepth) throw limitError('input depth', limits.inputDepth, depth);
}

function rootFields(
  set: SelectionSetNode,
  fragments: ReadonlyMap<string, SelectionSetNode>,
): readonly FieldNode[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === 'Field') return [selection];
    return rootFields(
      selection.kind === 'InlineFragment' ? selection.selectionSet : fragments.get(selection.name.value)!,
      fragments,
    );
  });
}
