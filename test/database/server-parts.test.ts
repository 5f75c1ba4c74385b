import { describe, expect, it } from 'vitest';
import { requireServerParts } from '../../src/database/migrations/server-parts.js';
import { asSuperuser } from '../database-fixture.js';

describe('the parts of the server that the schema needs', () => {
  it('are there', () => asSuperuser((client) => requireServerParts(client)));

  it('are named when they are missing, with what to install', () =>
    asSuperuser(async (client) => {
      await expect(
        requireServerParts(client, { extensions: ['pg_trgm', 'no_such_part'], collation: 'und-x-icu' }),
      ).rejects.toMatchObject({
        code: 'database_lacks_extension',
        message: expect.stringMatching(/lacks no_such_part, .* install its contrib extensions/),
      });
      await expect(
        requireServerParts(client, { extensions: ['pg_trgm'], collation: 'no-such-order' }),
      ).rejects.toThrow(/lacks the collation no-such-order, .* built with ICU/);
    }));
});
