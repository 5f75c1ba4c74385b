import { statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

const mebibyte = 1024 * 1024;

/** Whether committed data must survive a crash of the machine. */
export type Durability = 'durable' | 'disposable';

/** Settings of the embedded Postgres, for a machine that also runs everything else. */
export function serverSettings(durability: Durability): Record<string, string> {
  const memory = totalmem() / mebibyte;
  const share = (part: number, most: number) => `${Math.floor(Math.min(memory * part, most))}MB`;
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: share(0.1, 1024),
    maintenance_work_mem: share(0.08, 2048),
    work_mem: share(0.005, 64),
    // No replica reads the log of the embedded server, so a table that is filled in the transaction that created it does not
    // need to be logged: it is written once instead of twice.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    // These binaries support only pglz for page images, which takes 0.1 ms per page: a month of changes spread over a large
    // table took 2.4 s instead of 0.9 s.
    wal_compression: 'off',
    // Most reads hit pages that were just written and are in the page cache. Reading them through I/O workers costs two
    // context switches per page: about 4 % of a first load, and half the time of lookups spread over a large table.
    io_method: 'sync',
    // Plans are big scans and small lookups; compiling them cost more than it saved.
    jit: 'off',
    max_parallel_workers: String(availableParallelism()),
    max_parallel_workers_per_gather: String(availableParallelism()),
    max_parallel_maintenance_workers: String(availableParallelism()),
    dynamic_shared_memory_type: hasRoomyShm() ? 'posix' : 'mmap',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durability === 'disposable' && { fsync: 'off', full_page_writes: 'off' }),
    log_min_messages: 'warning',
    // More verbose errors show the row they occurred in, and rows contain personal data.
    log_error_verbosity: 'terse',
    log_line_prefix: '%m [%p] %u@%d %a ',
  };
}

/** By default, containers get 64 MB of /dev/shm, which is too little for one parallel hash join. */
function hasRoomyShm(): boolean {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 512 * mebibyte;
  } catch {
    return process.platform === 'darwin';
  }
}
