import { messageOf } from '../fault.js';

/** What the system says of a file, in words, by its code. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'its rights do not allow it',
  EPERM: 'its rights do not allow it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'what should be a folder of its path is none',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
};

/** Anything thrown as one sentence for people; what the system says of a path as such. */
export function errorSentence(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException;
  const reason = reasons[code ?? ''];
  if (path === undefined || reason === undefined) return messageOf(error);
  return `${path.replace(/\.unfinished$/, '')} cannot be used: ${reason}; give another path, or make it right.`;
}
