import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { packageRoot } from '../../../src/package-root.js';

/** A process that writes log lines and runs more code. */
function program(work: string): string[] {
  const module = pathToFileURL(join(packageRoot, 'dist', 'src', 'cli', 'output', 'log-lines.js')).href;
  return [
    '--input-type=module',
    '-e',
    `import { logLines } from '${module}'; const log = logLines(2); ${work}`,
  ];
}

it('all lines are written in order, including those of the last moment', async () => {
  const writes = `
    for (let line = 0; line < 30_000; line++) log.write('line ' + line + '\\n');
    await new Promise((later) => setTimeout(later, 300));
    log.write('last\\n');
    process.exit(0);`;
  const { stderr, status } = spawnSync(process.execPath, program(writes), {
    encoding: 'utf8',
    maxBuffer: 1e7,
  });
  const lines = Array.from({ length: 30_000 }, (_, line) => `line ${line}\n`).join('');
  expect(status).toBe(0);
  expect(stderr === `${lines}last\n`).toBe(true);
});

it('a slow reader gets every line in the end', async () => {
  // Opened as a socket, writing to a full pipe fails instead of waiting.
  const fills = `
    const { Socket } = await import('node:net');
    new Socket({ fd: 3 }).unref();
    const slow = logLines(3);
    for (let line = 0; line < 100_000; line++) slow.write('line ' + line + '\\n');
    setTimeout(() => process.stdout.write('full'), 300);
    process.stdin.once('data', () => { slow.write('last\\n'); process.exit(0); });`;
  const child = spawn(process.execPath, program(fills), { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
  await once(child.stdout!, 'data');
  const chunks: Buffer[] = [];
  child.stdio[3]!.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin!.write('end');
  await once(child, 'close');
  const lines = Array.from({ length: 100_000 }, (_, line) => `line ${line}\n`).join('');
  expect(Buffer.concat(chunks).toString() === `${lines}last\n`).toBe(true);
});

it('a reader that has gone does not keep the process from exiting', async () => {
  const ends = `
    process.stdout.write('ready');
    process.stdin.once('data', () => { log.write('to nobody\\n'); process.exit(3); });`;
  const child = spawn(process.execPath, program(ends));
  await once(child.stdout, 'data');
  child.stderr.destroy();
  await once(child.stderr, 'close');
  child.stdin.write('end');
  expect(await once(child, 'exit')).toEqual([3, null]);
});

it('a reader that has gone does not end the process', async () => {
  const stays = `
    process.stdout.write('ready');
    process.stdin.once('data', () => log.write('to nobody\\n'.repeat(1000)));
    process.stdin.on('data', (data) => { if (String(data) === 'again') { log.write('x'); process.exit(4); } });
    setTimeout(() => process.stdout.write('written'), 500);`;
  const child = spawn(process.execPath, program(stays));
  await once(child.stdout, 'data');
  child.stderr.destroy();
  await once(child.stderr, 'close');
  child.stdin.write('first');
  await once(child.stdout, 'data');
  child.stdin.write('again');
  expect(await once(child, 'exit')).toEqual([4, null]);
});

it.skipIf(!existsSync('/dev/full'))('a full disk does not end the process', () => {
  const full = `
    log.write('no room\\n'.repeat(1000));
    await new Promise((later) => setTimeout(later, 500));
    log.write('no room\\n');
    process.exit(5);`;
  const { status } = spawnSync('sh', [
    '-c',
    'exec "$0" "$@" 2> /dev/full',
    process.execPath,
    ...program(full),
  ]);
  expect(status).toBe(5);
});
