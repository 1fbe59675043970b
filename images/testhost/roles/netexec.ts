import { exec } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dial } from '../dial.ts';
import { durationMs } from '../flags.ts';
import { answer, bodyOf, parametersOf, remoteOf, serveHttp, urlOf } from '../http.ts';
import { defineRole, log } from '../role.ts';

interface Context {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly parameters: URLSearchParams;
  readonly server: Server;
  readonly isUdpReady: () => boolean;
}

type Handler = (context: Context) => void | Promise<void>;

/** Says who it is, echoes, dials others and runs commands, over HTTP and UDP: how tests look at pod networking. */
export const netexec = defineRole({
  name: 'netexec',
  flags: {
    'http-port': '8080',
    'udp-port': '8081',
    'sctp-port': '-1',
    'http-override': '',
    'udp-listen-addresses': '',
    'tls-cert-file': '',
    'tls-private-key-file': '',
    'delay-shutdown': '0',
  },
  run({ flags }) {
    let isUdpReady = flags.number('udp-port') === -1;
    for (const address of flags.number('udp-port') === -1 ? [] : addressesOf(flags.text('udp-listen-addresses'))) {
      startUdp(flags.number('udp-port'), address).on('listening', () => {
        isUdpReady = true;
      });
    }
    const override = flags.text('http-override');
    const server = serveHttp(
      {
        port: flags.number('http-port'),
        certFile: flags.text('tls-cert-file'),
        keyFile: flags.text('tls-private-key-file'),
      },
      (request, response) => {
        if (override) request.url = override;
        log(`${request.method} ${request.url}`);
        void handle({ request, response, server, isUdpReady: () => isUdpReady });
      },
    );
    log(`Started HTTP server on port ${flags.number('http-port')}`);
    delayShutdown(flags.number('delay-shutdown'));
  },
});

const handlers: Readonly<Record<string, Handler>> = {
  '/clientip': ({ request, response }) => answer(response, 200, remoteOf(request.socket)),
  '/dial': dialOthers,
  '/echo': echo,
  '/exit': exit,
  '/header': ({ request, response, parameters }) =>
    answer(response, 200, String(request.headers[(parameters.get('key') ?? '').toLowerCase()] ?? '')),
  '/healthz': ({ response, isUdpReady }) => answer(response, isUdpReady() ? 200 : 412, ''),
  '/hostname': ({ response }) => answer(response, 200, hostname()),
  '/hostName': ({ response }) => answer(response, 200, hostname()),
  '/redirect': ({ response, parameters }) => {
    response.writeHead(Number(parameters.get('code') ?? 302), { location: parameters.get('location') ?? '/' }).end();
  },
  '/serverport': ({ request, response }) => answer(response, 200, String(request.socket.localPort)),
  '/shell': shell,
  '/shutdown': () => process.exit(0),
  '/upload': upload,
};

async function handle(context: Omit<Context, 'parameters'>): Promise<void> {
  const path = urlOf(context.request).pathname;
  const handler =
    handlers[path] ?? (({ response }: Context) => answer(response, 200, `NOW: ${new Date().toISOString()}`));
  try {
    const parameters = path === '/upload' ? new URLSearchParams() : await parametersOf(context.request);
    await handler({ ...context, parameters });
  } catch (error) {
    answer(context.response, 500, `${String(error)}\n`);
  }
}

function echo({ response, parameters }: Context): void {
  const code = parameters.get('code') ?? '';
  if (/^\d*$/.test(code)) answer(response, code === '' ? 200 : Number(code), parameters.get('msg') ?? '');
  else answer(response, 200, `argument 'code' must be an integer or empty, got ${JSON.stringify(code)}\n`);
}

async function exit({ response, parameters, server }: Context): Promise<void> {
  const [timeout, wait] = ['timeout', 'wait'].map((name) => durationMs(parameters.get(name) ?? ''));
  const code = Number(parameters.get('code') ?? 0);
  if (timeout === undefined || wait === undefined || !Number.isInteger(code)) {
    answer(response, 200, 'arguments: code is an integer, timeout and wait are durations\n');
    return;
  }
  log(`Will exit with ${code} in ${wait} ms, allowing ${timeout} ms for connections to close`);
  await sleep(wait);
  if (timeout === 0) process.exit(code);
  answer(response, 200, '');
  server.close(() => process.exit(code));
  setTimeout(() => process.exit(code), timeout).unref();
}

async function dialOthers({ response, parameters }: Context): Promise<void> {
  const [host, port, request, protocol] = ['host', 'port', 'request', 'protocol'].map(
    (name) => parameters.get(name) ?? '',
  );
  const tries = Number(parameters.get('tries') || 1);
  if (!request) return answer(response, 400, 'request parameter not specified.\n');
  if (!Number.isInteger(tries)) return answer(response, 400, 'tries parameter is invalid.\n');
  if (!['', 'http', 'udp'].includes((protocol ?? '').toLowerCase()))
    return answer(response, 400, `unsupported protocol. ${protocol}\n`);
  const responses: string[] = [];
  const errors: string[] = [];
  for (let count = 0; count < tries; count += 1) {
    try {
      responses.push(
        await dial({
          protocol: protocol?.toLowerCase() === 'udp' ? 'udp' : 'http',
          host: host ?? '',
          port: Number(port),
          request,
        }),
      );
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  answer(
    response,
    200,
    JSON.stringify({ ...(responses.length > 0 ? { responses } : {}), ...(errors.length > 0 ? { errors } : {}) }),
  );
}

function shell({ response, parameters }: Context): void {
  const command = parameters.get('shellCommand') || parameters.get('cmd') || '';
  exec(`{ ${command}\n} 2>&1`, { shell: '/bin/sh', maxBuffer: 16 * 1024 * 1024 }, (error, output) => {
    const failed = error ? { error: error.code === undefined ? error.message : `exit status ${error.code}` } : {};
    answer(response, 200, JSON.stringify({ ...(output ? { output } : {}), ...failed }));
  });
}

/** The first file of a multipart form, kept under a name of our own. */
async function upload({ request, response }: Context): Promise<void> {
  const form = await new Response(new Uint8Array(await bodyOf(request)), {
    headers: { 'content-type': request.headers['content-type'] ?? '' },
  }).formData();
  const file = form.get('file');
  if (file === null || typeof file === 'string')
    return answer(response, 200, JSON.stringify({ error: 'Unable to upload file.' }));
  mkdirSync('/uploads', { recursive: true });
  const path = join('/uploads', `upload${Date.now()}`);
  writeFileSync(path, Buffer.from(await file.arrayBuffer()), { mode: 0o700 });
  answer(response, 200, JSON.stringify({ output: path }));
}

function startUdp(port: number, address: string): UdpSocket {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
  socket.on('message', (message, from) => {
    const [word = '', ...rest] = message.toString().trim().split(' ');
    const known: Readonly<Record<string, () => string>> = {
      hostname: () => hostname(),
      echo: () => rest.join(' '),
      clientip: () => remoteOf({ remoteAddress: from.address, remotePort: from.port }),
    };
    const reply = known[word.toLowerCase()];
    log(`UDP ${word} from ${from.address}:${from.port}`);
    if (reply) socket.send(reply(), from.port, from.address);
  });
  return socket.bind(port, address);
}

function addressesOf(list: string): readonly string[] {
  return list === ''
    ? ['::']
    : list
        .split(',')
        .map((address) => address.trim())
        .filter(Boolean);
}

/** Goes on serving after SIGTERM, so that tests can see who still sends to a pod that is ending. */
function delayShutdown(seconds: number): void {
  if (seconds <= 0) return;
  process.removeAllListeners('SIGTERM');
  process.on('SIGTERM', () => setTimeout(() => process.exit(0), seconds * 1000));
}
