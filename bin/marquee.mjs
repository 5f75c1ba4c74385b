#!/usr/bin/env node
// The `marquee` command: brings the build up to date where it runs from a clone, then hands over.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// An image ships dist/ without the sources; there is nothing to build from then.
if (existsSync(fileURLToPath(new URL('../src', import.meta.url)))) {
  const { setUp } = await import('./set-up.mjs');
  await setUp();
}
const { main } = await import('../dist/src/cli/main.js');
await main(process.argv.slice(2));
