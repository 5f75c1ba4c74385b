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
  /** The inbox, shared with the workers. */
  readonly folder: string;
  readonly maxBytes: number;
  /** Why a file of this month and name would not be loaded, as a sentence. */
  readonly complaintOf: (period: string, fileName: string) => string | undefined;
  /** Records who sent a file. Without it, uploads are refused: every file must have an audit entry. */
  readonly control?: ControlClient;
}

/** Twice the time limit of a request, so that no upload still writes to the file. */
const ABANDONED_MS = 2 * REQUEST_TIMEOUT_MS;

/** A period and a file name. The name cannot contain a path or start with a dot. */
const PATH = /^\/admin\/drops\/(\d{4}-\d{2})\/([A-Za-z0-9][A-Za-z0-9_.-]{0,127})$/;

/**
 * The handler of `PUT /admin/drops/{period}/{file}`, which streams a file into the inbox. The file appears under its name
 * when it is complete and the audit names its sender. It replaces a file of the same name.
 */
export function dropUploadHandler(options: DropUploadOptions): Handler {
  const { callerOf, folder, maxBytes, complaintOf, control } = options;
  return async ({ request, response, common, note }) => {
    const caller = await callerOf(request);
    note.caller = caller;
    if (!caller.scopes.has('jobs:run'))
      throw new AccessError('insufficient_scope', 'Uploads require the scope jobs:run.', ['jobs:run']);
    const path = (request.url ?? '').split('?', 1)[0]!;
    const [, period, name] = PATH.exec(path) ?? [];
    if (!period || !name)
      throw apiError('NOT_FOUND', 'No such endpoint. Expected /admin/drops/{YYYY-MM}/{file}.');
    if (request.method !== 'PUT') throwMethodNotAllowed(response, 'PUT', 'Upload files with PUT.');
    requireUnencoded(request);
    requireFile(request);
    const complaint = complaintOf(period, name);
    if (complaint !== undefined) throw apiError('BAD_USER_INPUT', complaint);
    // RFC 9110 section 14.5: a resumed upload contains only the rest, which would replace the whole file.
    if (request.headers['content-range'] !== undefined)
      throw apiError(
        'BAD_REQUEST',
        'Partial uploads (Content-Range) are not supported. Send the whole file.',
      );
    note.operation = `upload ${period}/${name}`;
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > maxBytes) throw tooLarge(maxBytes, declared);
    const uploads = join(folder, '.uploads');
    await mkdir(uploads, { recursive: true });
    await removeAbandoned(uploads);
    const temporary = join(uploads, randomUUID());
    // Opened here, not by the stream, which could create the file after it was removed.
    const file = await open(temporary, 'wx');
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
      // Not `request` itself: the pipeline would destroy it, and an error response could not be sent.
      await pipeline(request.iterator({ destroyOnReturn: false }), count, file.createWriteStream());
      const upload = { period, file: name, bytes: size, sha256: hash.digest('hex') };
      await askPipeline(control, 'recordUpload', upload, caller);
      await mkdir(join(folder, period), { recursive: true });
      await rename(temporary, join(folder, period, name));
    } catch (error) {
      await rm(temporary, { force: true });
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

/** The body of a form would be stored with the boundaries or the encoding around the file. */
function requireFile({ headers }: IncomingMessage): void {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (!type.startsWith('multipart/') && type !== 'application/x-www-form-urlencoded') return;
  throw apiError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The body is a form (${type.slice(0, 60)}), expected the bytes of the file. Send the file itself, for example with curl -T FILE, or as text/csv.`,
  );
}

/** Removes the files of uploads whose server was killed. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    // Another server may have removed the file in the meantime.
    const stats = await stat(file).catch(() => undefined);
    if (stats && Date.now() - stats.mtimeMs > ABANDONED_MS) await rm(file, { force: true });
  }
}

function tooLarge(allowed: number, actual: number) {
  return limitError('body size in bytes', allowed, actual, 'BODY_TOO_LARGE');
}
