import {
  type DocumentNode,
  type FieldNode,
  Lexer,
  type OperationDefinitionNode,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql';
import { limitError } from './error-answers.js';
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

/**
 * Measures a valid document.
 * @throws LIMIT_EXCEEDED by its depth or aliases.
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
  // Fragments are measured at each place they are spread, but only once each: spreads of spreads would multiply.
  const depths = new Map<string, number>();
  function depthOf(set: SelectionSetNode): number {
    let deepest = 0;
    for (const selection of set.selections) {
      if (selection.kind === 'Field') {
        if (selection.alias) aliases += 1;
        deepest = Math.max(deepest, 1 + (selection.selectionSet ? depthOf(selection.selectionSet) : 0));
      } else if (selection.kind === 'InlineFragment') {
        deepest = Math.max(deepest, depthOf(selection.selectionSet));
      } else {
        const name = selection.name.value;
        if (!depths.has(name)) depths.set(name, depthOf(fragments.get(name)!));
        deepest = Math.max(deepest, depths.get(name)!);
      }
    }
    return deepest;
  }
  for (const { selectionSet } of operations) {
    const looksAtSchema = rootFields(selectionSet, fragments).some(({ name }) =>
      name.value.startsWith('__s'),
    );
    const allowed = looksAtSchema ? limits.introspectionDepth : limits.depth;
    const depth = depthOf(selectionSet);
    if (depth > allowed) throw limitError('depth', allowed, depth);
  }
  if (aliases > limits.aliases) throw limitError('aliases', limits.aliases, aliases);
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
