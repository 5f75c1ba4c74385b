import type { Comment } from '../database/migrations/model-comments.js';
import { reportComments as commentsOf } from '../reporting/publish/comments.js';
import { reports } from './reports/reports.js';

/** The database comments of the report tables and their columns. */
export function reportComments(): Comment[] {
  return commentsOf(reports);
}
