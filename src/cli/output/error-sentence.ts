import { DatabaseError } from 'pg';
import { messageOf } from '../../fault.js';

/** What the system says of a file, in words, by its code. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'its rights do not allow it',
  EPERM: 'its rights do not allow it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'what should be a folder of its path is none',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  // Of a folder to be made: one that is there already is no error.
  EEXIST: 'there is a file where a folder was expected',
};

/** What is wrong when Postgres answers with a code that no statement of this program brings about by itself. */
const databaseReasons: Readonly<Record<string, (said: string) => string>> = {
  '28000': refused,
  '28P01': refused,
  '3D000': missing,
  '3F000': notMigrated,
  '42P01': notMigrated,
  '42703': notMigrated,
  '42883': notMigrated,
  '53100': full,
  '57P03': notYet,
};

function full(said: string): string {
  return `The disk of the database is full (${said}); make room, then try again.`;
}

function notYet(said: string): string {
  return `The database takes no connections yet (${said}); try again in a moment.`;
}

function refused(said: string): string {
  return `The database does not let this program in (${said}); correct the connection: the passwords of Marquee's own roles are those that marquee migrate has set.`;
}

function missing(said: string): string {
  return `The database is not there (${said}); create it, or correct DATABASE_URL.`;
}

function notMigrated(said: string): string {
  return `The database is not at the model of this version (${said}); run marquee migrate first.`;
}

/** Anything thrown as one sentence for people; what the system says of a path, and Postgres of itself, as such. */
export function errorSentence(error: unknown): string {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const databaseReason = error instanceof DatabaseError ? databaseReasons[code ?? ''] : undefined;
  if (databaseReason !== undefined) return databaseReason(messageOf(error));
  // Whatever else is called over the network brings an error of its own.
  if (syscall === 'connect' || syscall === 'getaddrinfo') {
    return `The database does not answer (${messageOf(error)}); start it, or correct DATABASE_URL.`;
  }
  const reason = reasons[code ?? ''];
  if (path === undefined || reason === undefined) return messageOf(error);
  return `${path.replace(/\.unfinished$/, '')} cannot be used: ${reason}; give another path, or make it right.`;
}
