import { DatabaseError } from 'pg';
import { messageOf } from '../../fault.js';

/** What is wrong with a file, by the system's error code. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'the file or folder does not exist',
  EACCES: 'access is denied',
  EPERM: 'access is denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  // Only when creating a folder: an existing folder is not an error.
  EEXIST: 'a file is in the place of a folder',
};

/** What is wrong when Postgres answers with a code that is not caused by a statement of this program. */
const databaseReasons: Readonly<Record<string, (message: string) => string>> = {
  '28000': loginRejected,
  '28P01': loginRejected,
  '3D000': missing,
  '3F000': notMigrated,
  '42P01': notMigrated,
  '42703': notMigrated,
  '42883': notMigrated,
  '53100': full,
  '57P03': notReady,
};

function full(message: string): string {
  return `The disk of the database is full (${message}). Free some space, then try again.`;
}

function notReady(message: string): string {
  return `The database does not accept connections yet (${message}). Try again in a moment.`;
}

function loginRejected(message: string): string {
  return `The database rejected the login (${message}). Correct the connection; marquee migrate sets the passwords of Marquee's own roles.`;
}

function missing(message: string): string {
  return `The database does not exist (${message}). Create it, or correct DATABASE_URL.`;
}

function notMigrated(message: string): string {
  return `The database does not have the schema of this version (${message}). Run marquee migrate first.`;
}

/** Any error as one sentence; errors of files and of Postgres are explained. */
export function errorSentence(error: unknown): string {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const databaseReason = error instanceof DatabaseError ? databaseReasons[code ?? ''] : undefined;
  if (databaseReason !== undefined) return databaseReason(messageOf(error));
  // Only the database's connections fail with these: every other client wraps them in its own error.
  if (syscall === 'connect' || syscall === 'getaddrinfo') {
    return `The database does not answer (${messageOf(error)}). Start it, or correct DATABASE_URL.`;
  }
  const reason = reasons[code ?? ''];
  if (path === undefined || reason === undefined) return messageOf(error);
  return `Cannot use ${path.replace(/\.unfinished$/, '')}: ${reason}. Give another path, or correct it.`;
}
