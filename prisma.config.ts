import { defineConfig } from 'prisma/config';

// For Prisma's own command line. Marquee itself applies the same migrations
// through the WebAssembly engine (src/database/migrations/migrate.ts).
export default defineConfig({
  schema: 'prisma',
  migrations: { path: 'prisma/migrations' },
  // A partition that is itself partitioned looks like a table to Prisma (src/database/migrations/schema-engine.ts).
  experimental: { externalTables: true },
  tables: { external: ['warehouse.movie_ratings_live'] },
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
