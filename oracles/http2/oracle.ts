import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { Http2Connection, type ServerStream } from '@navarch/node/http2';
import { Pki } from '@navarch/node/pki';
import { built, finished } from '../go.ts';
import type { Oracle } from '../oracle.ts';

const LIMITS = { streams: 100, heldBytes: 1024 * 1024 };
/** Long enough for a client to break a rule while its request is being answered. */
const ANSWER_MS = 50;

/** h2spec, whose some 145 tests are the sentences of RFC 7540 and RFC 7541, on the reader and writer of HTTP/2 alone. */
export const http2Oracle: Oracle = {
  name: 'http2',
  async run({ say }) {
    const program = await built('http2');
    const folder = mkdtempSync(join(tmpdir(), 'navarch-http2-'));
    const pki = await Pki.open(folder);
    const { certificate, key } = await pki.identity('server', { commonName: 'server', addresses: ['127.0.0.1'] });
    const server = createServer({ cert: certificate, key, ALPNProtocols: ['h2'] });
    server.on('secureConnection', (socket) => new Http2Connection(socket, LIMITS, answer));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { output } = await finished(program, ['-port', String(port)]);
      const [, passed, failed] = /(\d+) passed, \d+ skipped, (\d+) failed/.exec(output) ?? [];
      if (failed !== '0') say(output);
      return { passed: Number(passed ?? 0), failed: Number(failed ?? 1) };
    } finally {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Reads the body to its end, waits, and answers with as much as some tests need to hold back. */
function answer(stream: ServerStream): void {
  const reply = async (): Promise<void> => {
    await sleep(ANSWER_MS);
    stream.respond(200, { 'content-length': 5 });
    stream.end([Buffer.from('hello')]);
  };
  stream.body.read({ take: () => true, end: () => void reply(), fail: () => undefined });
}
