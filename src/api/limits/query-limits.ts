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
import type { Limits } from './limits.js';

/** The lexical tokens of a document; the body's size bounds the work. A syntax error ends the count. */
export function countTokens(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  try {
    while (lexer.advance().kind !== TokenKind.EOF) count += 1;
  } catch {
    // What was counted so far is over the limit already.
  }
  return count;
}

/** How deep a set of fields goes, and how many it has with fragments in the place of their spreads. */
interface Extent {
  readonly depth: number;
  readonly fields: number;
}

/**
 * Measures a valid document. What is done with it from here on follows each spread, so this comes first.
 * @throws LIMIT_EXCEEDED by its depth, fields or aliases.
 */
export function checkShape(document: DocumentNode, limits: Limits): void {
  const operations = document.definitions.filter(
    (each): each is OperationDefinitionNode => each.kind === 'OperationDefinition',
  );
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === 'FragmentDefinition' ? [[each.name.value, each.selectionSet] as const] : [],
    ),
  );
  let aliases = 0;
  // Fragments are measured once each, and counted at each place they are spread: to walk them again would take as long
  // as what is to be refused.
  const extents = new Map<string, Extent>();
  function extentOf(set: SelectionSetNode): Extent {
    let depth = 0;
    let fields = 0;
    for (const selection of set.selections) {
      const inner = innerExtent(selection);
      const own = selection.kind === 'Field' ? 1 : 0;
      depth = Math.max(depth, own + inner.depth);
      // At least 1: a spread of nothing but spreads is followed all the same.
      fields = Math.min(fields + Math.max(own + inner.fields, 1), Number.MAX_SAFE_INTEGER);
    }
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
    const { depth, fields } = extentOf(selectionSet);
    if (fields > limits.fields) throw limitError('fields', limits.fields, fields);
    const looksAtSchema = rootFields(selectionSet, fragments).some(({ name }) =>
      name.value.startsWith('__s'),
    );
    const allowed = looksAtSchema ? limits.introspectionDepth : limits.depth;
    if (depth > allowed) throw limitError('depth', allowed, depth);
  }
  if (aliases > limits.aliases) throw limitError('aliases', limits.aliases, aliases);
}

/**
 * Measures a value from JSON, which may be nested deeper than what reads it next can follow.
 * @throws LIMIT_EXCEEDED by its levels.
 */
export function checkInputDepth(value: unknown, limits: Limits): void {
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
