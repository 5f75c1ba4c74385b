import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { roomOrder } from './layer-rules.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(`${root}ARCHITECTURE.md`, 'utf8');

describe('ARCHITECTURE.md', () => {
  it('names only files and folders that exist', () => {
    const named = [...page.matchAll(/`((?:src|jobs|test|prisma|docs)\/[\w./-]+)`/g)].map(([, path]) => path!);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
  });

  it('draws every room, in the order of imports', () => {
    const drawing = page.split('```')[1]!;
    for (const [layer, rooms] of Object.entries(roomOrder)) {
      const lines = drawing.slice(drawing.indexOf(`  ${layer.split('/')[1]}/`)).split('\n');
      expect(lines[1]!.trim().split(/\s+/), layer).toEqual(rooms);
    }
  });
});
