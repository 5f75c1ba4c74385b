import { defineConfig } from 'prisma/config';

// For Prisma's own command line. Marquee itself applies the same migrations
// through the WebAssembly engine (src/database/migrate.ts).
export default defineConfig({
  schema: 'prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
