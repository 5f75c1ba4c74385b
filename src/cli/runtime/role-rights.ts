import type { MigrationResult } from '../../database/migrations/migrate.js';
import { describeGrant, findStrangeGrants } from '../../database/migrations/role-settings.js';
import type { Environment } from './environment.js';

/** What a migration corrected in the roles, one sentence each. */
export function describeCorrections({ restoredSettings, revokedGrants }: MigrationResult): string[] {
  return [
    ...(restoredSettings.length > 0
      ? [`Restored settings of roles that somebody had changed: ${restoredSettings.join('; ')}.`]
      : []),
    ...(revokedGrants.length > 0
      ? [`Revoked rights that somebody had granted to readers: ${revokedGrants.join('; ')}.`]
      : []),
  ];
}

/**
 * What a worker should report about the roles when it starts, one sentence each. The embedded database has corrected them; in
 * a configured one only its owner can.
 */
export async function checkRoleRights(
  environment: Pick<Environment, 'embedded' | 'migrate' | 'pool'>,
): Promise<string[]> {
  if (environment.embedded) return describeCorrections(await environment.migrate());
  const grants = await findStrangeGrants(environment.pool('pipeline'));
  if (grants.length === 0) return [];
  return [
    `Somebody granted rights to readers that they must not have: ${grants.map(describeGrant).join('; ')}. Run marquee migrate to revoke them.`,
  ];
}
