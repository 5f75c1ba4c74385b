import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

// The set-up of the unit tests. A test that starts a process by way of the code it tests belongs in another project, which
// its imports do not show; here it fails and says so.
function refuse(): never {
  throw new Error(
    'A unit test started a process. Import node:child_process or the embedded Postgres in the test, so that it runs in the project "process".',
  );
}

Object.assign(childProcess, {
  exec: refuse,
  execFile: refuse,
  execFileSync: refuse,
  execSync: refuse,
  fork: refuse,
  spawn: refuse,
  spawnSync: refuse,
});
syncBuiltinESMExports();
