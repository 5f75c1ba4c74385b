/** The database roles, one per kind of process; the migrations create them and give them their rights. */
export const roles = ['marquee_owner', 'marquee_pipeline', 'marquee_reader', 'marquee_queue'] as const;
export type Role = (typeof roles)[number];

/** What a process connects for, and as whom. */
export const roleOf = {
  owner: 'marquee_owner',
  pipeline: 'marquee_pipeline',
  reader: 'marquee_reader',
  queue: 'marquee_queue',
} as const satisfies Record<string, Role>;

export type Purpose = keyof typeof roleOf;

/** One connection string per purpose. */
export type DatabaseUrls = Record<Purpose, string>;
