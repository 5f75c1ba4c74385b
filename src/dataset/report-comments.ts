import type { Comment } from '../database/model-comments.js';

/** What the database says of the report tables and their columns. */
export function reportComments(): Comment[] {
  return [];
}
