import type pg from 'pg';
import { identifier, literal } from '../identifier.js';
import { readSchemas } from './schema-files.js';

/** The comment of a table or of one of its columns. */
export interface Comment {
  schema: string;
  table: string;
  /** Undefined for the comment of the table. */
  column?: string;
  comment: string;
}

/** The comments of the model: the `///` lines of the Prisma schema files. */
export async function modelComments(): Promise<Comment[]> {
  const { files } = await readSchemas();
  return files.flatMap((file) => commentsOf(file.content));
}

function commentsOf(schemaText: string): Comment[] {
  const comments: Comment[] = [];
  for (const [, doc = '', body = ''] of schemaText.matchAll(
    /((?:^\/\/\/.*\n)*)^model \w+ \{\n([\s\S]*?)^\}/gm,
  )) {
    const table = body.match(/@@map\("(.+?)"\)/)?.[1];
    const schema = body.match(/@@schema\("(.+?)"\)/)?.[1];
    if (table === undefined || schema === undefined) {
      continue;
    }
    if (doc !== '') {
      comments.push({ schema, table, comment: textOf(doc) });
    }
    for (const [, columnDoc = '', column = '', type = ''] of body.matchAll(
      /((?:^ {2}\/\/\/.*\n)+)^ {2}(\w+) +(\S+)/gm,
    )) {
      if (!isRelation(type)) {
        comments.push({ schema, table, column, comment: textOf(columnDoc) });
      }
    }
  }
  return comments;
}

/** A field whose type is another model is a relation, not a column; scalar types are those of Prisma. */
function isRelation(type: string): boolean {
  const scalars = ['String', 'Int', 'BigInt', 'Boolean', 'DateTime', 'Decimal', 'Json', 'Float', 'Bytes'];
  return !scalars.includes(type.replace(/[?[\]]/g, ''));
}

function textOf(doc: string): string {
  return doc
    .split('\n')
    .map((line) => line.trim().replace(/^\/\/\/ ?/, ''))
    .join(' ')
    .trim();
}

/** Writes the comments that differ from those in the database. Of two comments for the same object, the last one counts. */
export async function applyComments(owner: pg.ClientBase, comments: Comment[]): Promise<void> {
  const { rows } = await owner.query<{
    schema: string;
    table: string;
    column: string | null;
    comment: string;
  }>(
    `/* database.read_comments */
    select n.nspname as schema, c.relname as table, a.attname as column, d.description as comment
    from pg_description d
    join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0
    where n.nspname in ('source', 'warehouse', 'reporting', 'support')`,
  );
  const keyOf = (comment: Pick<Comment, 'schema' | 'table'> & { column?: string | null }) =>
    JSON.stringify([comment.schema, comment.table, comment.column ?? null]);
  const existing = new Map(rows.map((row) => [keyOf(row), row.comment]));
  const wanted = new Map(comments.map((comment) => [keyOf(comment), comment]));
  for (const comment of wanted.values()) {
    if (existing.get(keyOf(comment)) !== comment.comment) {
      const target =
        comment.column === undefined
          ? `table ${identifier(comment.schema, comment.table)}`
          : `column ${identifier(comment.schema, comment.table, comment.column)}`;
      await owner.query(`comment on ${target} is ${literal(comment.comment)}`);
    }
  }
}
