import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { notFound } from '@navarch/kubelet';

/** What GET /logs/ shows of the node. */
const LOG_DIR = '/var/log';

/** Sends a file below the node's log folder, or the names in a folder (upstream's enableSystemLogHandler). Throws HttpRefusal. */
export async function sendLogFile(path: string, response: ServerResponse, dir: string = LOG_DIR): Promise<void> {
  const file = await resolved(dir, path);
  const found = await stat(file);
  if (found.isDirectory()) {
    if (!path.endsWith('/')) return void response.writeHead(301, { location: `${path.split('/').at(-1)}/` }).end();
    const names = (await readdir(file, { withFileTypes: true }))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .toSorted();
    const links = names.map((name) => `<a href="${encodeURI(name)}">${escaped(name)}</a>\n`);
    return void response
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      .end(`<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`);
  }
  if (!found.isFile()) throw notFound();
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  // As long as it was when asked for: what is written meanwhile is the next reader's.
  if (found.size === 0) response.end();
  else await pipeline(createReadStream(file, { end: found.size - 1 }), response);
}

/** The real file; none outside of the folder, also not by way of a link. */
async function resolved(dir: string, path: string): Promise<string> {
  const root = await realpath(dir);
  const file = await realpath(join(root, join('/', path))).catch(() => undefined);
  if (file === undefined || (file !== root && !file.startsWith(`${root}/`))) throw notFound();
  return file;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;');
