import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AccessError } from '../../auth/access-error.js';
import type { Caller } from '../../auth/caller.js';
import type { ControlClient } from '../../queue/control/control.js';
import { apiError, limitError } from '../errors/api-error.js';
import { REQUEST_TIMEOUT_MS } from '../http/listener.js';
import { requireUnencoded, send, throwMethodNotAllowed } from '../http/responses.js';
import type { Handler } from '../http/router.js';
import { askPipeline } from './run-resolvers.js';

export interface DropUploadOptions {
  readonly callerOf: (request: IncomingMessage) => Promise<Caller>;
  /** The inbox, which this process shares with the workers. */
  readonly folder: string;
  readonly maxBytes: number;
  /** By which the pipeline is told; without it no file is taken, since none may come without a trace of who sent it. */
  readonly control?: ControlClient;
}

/** Twice what a request may take: nobody writes to a file so old. */
const ABANDONED_MS = 2 * REQUEST_TIMEOUT_MS;

/** A period, and a file name that can neither leave the folder nor hide in it. */
const PATH = /^\/admin\/drops\/(\d{4}-(?:0[1-9]|1[0-2]))\/([A-Za-z0-9][A-Za-z0-9_.-]{0,127})$/;

/**
 * The handler of `PUT /admin/drops/{period}/{file}`: streams a file into the inbox. The file appears under its name
 * only when it is whole and the audit names who sent it; one of the same name is replaced.
 */
export function dropUploadHandler({ callerOf, folder, maxBytes, control }: DropUploadOptions): Handler {
  return async ({ request, response, common, note }) => {
    const caller = await callerOf(request);
    note.caller = caller;
    if (!caller.scopes.has('jobs:run'))
      throw new AccessError('insufficient_scope', 'An upload needs the scope jobs:run.', ['jobs:run']);
    const path = (request.url ?? '').split('?', 1)[0]!;
    const [, period, name] = PATH.exec(path) ?? [];
    if (!period || !name)
      throw apiError('NOT_FOUND', 'There is no such place: expected /admin/drops/{YYYY-MM}/{file}.');
    if (request.method !== 'PUT') throwMethodNotAllowed(response, 'PUT', 'A file is sent by PUT.');
    requireUnencoded(request);
    // RFC 9110, 14.5: whoever resumes an upload sends the rest alone, which would replace the whole file.
    if (request.headers['content-range'] !== undefined)
      throw apiError('BAD_REQUEST', 'A part of a file came, by Content-Range: send the file whole.');
    note.operation = `upload ${period}/${name}`;
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > maxBytes) throw tooLarge(maxBytes, announced);
    const waiting = join(folder, '.uploads');
    await mkdir(waiting, { recursive: true });
    await removeAbandoned(waiting);
    const aside = join(waiting, randomUUID());
    // Opened before anything can fail: a stream that opens it by itself could make the file after it was removed.
    const file = await open(aside, 'wx');
    let size = 0;
    const hash = createHash('sha256');
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length;
        hash.update(chunk);
        done(size > maxBytes ? tooLarge(maxBytes, size) : null, chunk);
      },
    });
    try {
      // Not `request` itself: the pipeline would destroy it, and the refusal could not be sent.
      await pipeline(request.iterator({ destroyOnReturn: false }), count, file.createWriteStream());
      const upload = { period, file: name, bytes: size, sha256: hash.digest('hex') };
      await askPipeline(control, 'recordUpload', upload, caller);
      await mkdir(join(folder, period), { recursive: true });
      await rename(aside, join(folder, period, name));
    } catch (error) {
      await rm(aside, { force: true });
      request.resume();
      throw error;
    }
    send(
      response,
      { status: 201, headers: {}, body: JSON.stringify({ period, file: name, bytes: size }) },
      common,
    );
  };
}

/** Removes what uploads left behind whose server was killed. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    // Another server may have taken its own away meanwhile.
    const stats = await stat(file).catch(() => undefined);
    if (stats && Date.now() - stats.mtimeMs > ABANDONED_MS) await rm(file, { force: true });
  }
}

function tooLarge(allowed: number, actual: number) {
  return limitError('body size in bytes', allowed, actual, 'BODY_TOO_LARGE');
}
