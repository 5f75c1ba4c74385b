#!/usr/bin/env node
// The `marquee` command. In a clone, brings the build up to date first.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// An image contains dist/ without the sources, so there is nothing to build.
if (existsSync(fileURLToPath(new URL('../src', import.meta.url)))) {
  const { setUp } = await import('./set-up.mjs');
  await setUp();
}
const { main } = await import('../dist/src/cli/main.js');
await main(process.argv.slice(2));
