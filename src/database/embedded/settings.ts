import { statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

const mebibyte = 1024 * 1024;

/** Whether what is committed must outlive a crash of the machine. */
export type Durability = 'durable' | 'disposable';

/** Server settings of the embedded Postgres, for one machine that also runs everything else. */
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
    // No replica reads the log of the embedded server, so a table filled in the transaction that
    // made it is written once, not twice.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    // These binaries can compress page images by pglz only, at 0.1 ms a page: a month of changes all over a large table took
    // 2.4 s instead of 0.9 s.
    wal_compression: 'off',
    // What is read was mostly just written and lies in the system's memory: to have it fetched by other processes cost two
    // changes of process a page, some 4 % of a first load and half of the time of looking up rows all over a large table.
    io_method: 'sync',
    // Plans here are big scans and small look-ups; compiling them cost more than it saved.
    jit: 'off',
    max_parallel_workers: String(availableParallelism()),
    max_parallel_workers_per_gather: String(availableParallelism()),
    max_parallel_maintenance_workers: String(availableParallelism()),
    dynamic_shared_memory_type: hasRoomyShm() ? 'posix' : 'mmap',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durability === 'disposable' && { fsync: 'off', full_page_writes: 'off' }),
    log_min_messages: 'warning',
    // What else an error shows is the row it was found in, and rows hold what is known of persons.
    log_error_verbosity: 'terse',
    log_line_prefix: '%m [%p] %u@%d %a ',
  };
}

/** Containers get 64 MB of /dev/shm by default, which one parallel hash join outgrows. */
function hasRoomyShm(): boolean {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 512 * mebibyte;
  } catch {
    return process.platform === 'darwin';
  }
}
