import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  type GraphQLSchema,
  Lexer,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  Source,
  TokenKind,
  validate,
} from 'graphql';
import { apiError, limitError } from './error-answers.js';
import type { Limits } from './limits.js';
import { LruCache } from './lru-cache.js';

/** A document that fits the schema and the limits. */
export interface PreparedDocument {
  readonly text: string;
  readonly document: DocumentNode;
  readonly operations: readonly OperationDefinitionNode[];
  /** What other parts of the server work out for an operation once. */
  readonly notes: Map<string, unknown>;
}

/**
 * Reads documents and keeps those that are good, since callers send the same few with changing variables.
 * @throws GraphQLError or a list of them: GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED, LIMIT_EXCEEDED.
 */
export function documentReader(schema: GraphQLSchema, limits: Limits): (text: string) => PreparedDocument {
  const known = new LruCache<PreparedDocument>(16_000_000);
  return (text) => {
    const kept = known.get(text);
    if (kept) return kept;
    const document = parseWithin(text, limits.tokens);
    const faults = validate(schema, document, undefined, { maxErrors: 10, hideSuggestions: true });
    if (faults.length > 0) throw new DocumentFaults(faults.map(validationFault));
    const operations = document.definitions.filter((each) => each.kind === 'OperationDefinition');
    measure(document, operations, limits);
    const prepared = { text, document, operations, notes: new Map() };
    // A parsed document takes some twenty times the space of its text.
    known.set(text, prepared, text.length * 20);
    return prepared;
  };
}

/** All that is wrong with a document. */
export class DocumentFaults extends Error {
  constructor(readonly faults: readonly GraphQLError[]) {
    super('The document does not fit the schema.');
  }
}

function parseWithin(text: string, maxTokens: number): DocumentNode {
  try {
    return parse(text, { maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (error.message.includes('tokens')) throw limitError('tokens', maxTokens, countTokens(text));
    throw new GraphQLError(error.message, {
      nodes: error.nodes,
      source: error.source,
      positions: error.positions,
      extensions: { code: 'GRAPHQL_PARSE_FAILED' },
    });
  }
}

/** The body's size bounds the work. A syntax error further on ends the count. */
function countTokens(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  try {
    while (lexer.advance().kind !== TokenKind.EOF) count += 1;
  } catch {
    // What was counted so far is over the limit already.
  }
  return count;
}

function validationFault(error: GraphQLError): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
  });
}

function measure(
  document: DocumentNode,
  operations: readonly OperationDefinitionNode[],
  limits: Limits,
): void {
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

/** The operation to run. @throws OPERATION_RESOLUTION_FAILURE when it cannot be told. */
export function chosenOperation(
  { operations }: PreparedDocument,
  name: string | null | undefined,
): OperationDefinitionNode {
  if (name) {
    const named = operations.find((each) => each.name?.value === name);
    if (named) return named;
    throw apiError('OPERATION_RESOLUTION_FAILURE', 'The document has no operation of the name given.');
  }
  if (operations.length !== 1) {
    throw apiError(
      'OPERATION_RESOLUTION_FAILURE',
      `The document has ${operations.length} operations: name the one to run in operationName.`,
    );
  }
  return operations[0]!;
}
