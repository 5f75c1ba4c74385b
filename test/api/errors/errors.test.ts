import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../../src/api/errors/error-codes.js';
import { packageRoot } from '../../../src/package-root.js';

describe('the documentation of errors', () => {
  it('lists exactly the codes, each with its status, message and remedy', async () => {
    const page = await readFile(join(packageRoot, 'docs', 'errors.md'), 'utf8');
    const rows = page
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      );
    const expected = Object.entries(ERROR_CODES).map(([code, { status, message, remedy }]) => [
      `\`${code}\``,
      String(status),
      message,
      remedy,
    ]);
    expect(rows).toEqual(expected);
  });
});
