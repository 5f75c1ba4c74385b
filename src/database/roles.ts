/** The database roles, one per kind of process; the migrations create them and grant their rights. */
export const roles = [
  'marquee_owner',
  'marquee_pipeline',
  'marquee_reader',
  'marquee_bi',
  'marquee_queue',
] as const;
export type Role = (typeof roles)[number];

/** The role for each purpose of a connection. */
export const roleOf = {
  owner: 'marquee_owner',
  pipeline: 'marquee_pipeline',
  reader: 'marquee_reader',
  bi: 'marquee_bi',
  queue: 'marquee_queue',
} as const satisfies Record<string, Role>;

export type Purpose = keyof typeof roleOf;

/** One connection string per purpose. */
export type DatabaseUrls = Record<Purpose, string>;
