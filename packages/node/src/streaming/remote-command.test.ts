import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { type CommandStreams, serveRemoteCommand } from './remote-command.ts';
import { type Behaviour, exited, startFakeRuntime, succeeded, textOf } from './testing/fake-runtime.ts';
import { upgradeServer } from './testing/upgrade-server.ts';
import { refuseUpgrade, UpgradeRefused } from './upgrade.ts';

/** A server of WebSockets before a fake runtime: what a kubelet is, without the rest of one. */
async function harness(behaviour: Behaviour, wanted: Partial<CommandStreams>, idleMs = 0) {
  const streams = { stdin: false, stdout: true, stderr: true, tty: false, ...wanted };
  const runtime = await startFakeRuntime({ '/exec': behaviour });
  const count = 1 + [streams.stdin, streams.stdout, streams.stderr && !streams.tty, streams.tty].filter(Boolean).length;
  const served = await upgradeServer(runtime, async ({ request, socket, head }, signal) => {
    const path = request.url?.endsWith('absent') ? '/absent' : `/exec?streams=${count}`;
    const dial = { isTls: false, host: '127.0.0.1', port: runtime.port, path, method: 'POST', headers: {} };
    try {
      await serveRemoteCommand({ request, socket, head, idleMs }, streams, dial, signal);
    } catch (error) {
      if (!(error instanceof UpgradeRefused)) throw error;
      refuseUpgrade(socket, error.status, error.message);
    }
  });
  return { ...served, runtime, open: (...protocols: string[]) => new Client(new WebSocket(served.url, protocols)) };
}

/** What a client gathers, by channel. */
class Client {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<number>;
  readonly messages: [channel: string, text: string][] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.opened = new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    this.opened.catch(() => undefined);
    this.closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('message', (data, isBinary) => {
      const bytes = data as Buffer;
      if (isBinary) this.messages.push([String(bytes[0]), bytes.toString('utf8', 1)]);
      else
        this.messages.push([
          `text ${bytes.toString('utf8', 0, 1)}`,
          Buffer.from(bytes.toString('latin1', 1), 'base64').toString(),
        ]);
    });
  }

  on(channel: string): string {
    return this.messages
      .filter(([of]) => of === channel)
      .map(([, text]) => text)
      .join('');
  }
}

const message = (channel: number, bytes: Buffer | string): Buffer =>
  Buffer.concat([Buffer.of(channel), Buffer.from(bytes)]);
const cat: Behaviour = async ({ stdin, stdout }) => {
  if (stdin && stdout) await pipeline(stdin, stdout, { end: true });
  return succeeded;
};

test('serveRemoteCommand(): v5 carries stdin to its half-close, both outputs and a Status, then closes normally', async () => {
  await using kubelet = await harness(
    async ({ stdin, stdout, stderr }) => {
      const text = stdin ? await textOf(stdin) : '';
      stderr?.end('warned');
      stdout?.end(`read ${text}`);
      return succeeded;
    },
    { stdin: true },
  );
  const client = kubelet.open('v5.channel.k8s.io', 'v4.channel.k8s.io');
  await client.opened;
  assert.equal(client.socket.protocol, 'v5.channel.k8s.io');
  client.socket.send(message(0, 'hi\n'));
  client.socket.send(Buffer.of(255, 0));
  assert.equal(await client.closed, 1000);
  assert.deepEqual([client.on('1'), client.on('2'), JSON.parse(client.on('3'))], ['read hi\n', 'warned', succeeded]);
  assert.equal(client.messages.filter(([channel]) => channel === '3').length, 1);
  assert.equal(kubelet.runtime.lastHeaders()['x-stream-protocol-version'], 'v4.channel.k8s.io');
});

test('serveRemoteCommand(): the first message is empty, on the lowest channel there is to write to', async () => {
  for (const [wanted, channel] of [
    [{}, '1'],
    [{ stdout: false }, '2'],
    [{ stdout: false, stderr: false, stdin: true }, '3'],
  ] as const) {
    await using kubelet = await harness(async () => succeeded, wanted);
    const client = kubelet.open('v5.channel.k8s.io');
    await client.closed;
    assert.deepEqual(client.messages[0], [channel, '']);
  }
});

test('serveRemoteCommand(): the exit code of a command is in its Status', async () => {
  await using kubelet = await harness(async () => exited(3), {});
  const client = kubelet.open('v4.channel.k8s.io');
  await client.closed;
  assert.deepEqual(JSON.parse(client.on('3')), exited(3));
});

test('serveRemoteCommand(): older protocols get the text of a failure, in base64 where they want it, and nothing for a success', async () => {
  await using kubelet = await harness(async ({ stdout }) => {
    stdout?.end('out');
    return exited(3);
  }, {});
  const failed = 'command terminated with non-zero exit code: error executing command, exit code 3';
  for (const [protocols, out, status] of [
    [['channel.k8s.io'], '1', '3'],
    [[], '1', '3'],
    [['base64.channel.k8s.io'], 'text 1', 'text 3'],
  ] as const) {
    const client = kubelet.open(...protocols);
    await client.closed;
    assert.deepEqual([client.on(out), client.on(status)], ['out', failed], protocols.join());
  }
  const base64 = kubelet.open('v4.base64.channel.k8s.io');
  await base64.closed;
  assert.deepEqual(JSON.parse(base64.on('text 3')), exited(3));
  await using well = await harness(async () => succeeded, {});
  const client = well.open('channel.k8s.io');
  await client.closed;
  assert.equal(client.on('3'), '');
});

test('serveRemoteCommand(): base64 input is decoded', async () => {
  await using kubelet = await harness(
    async ({ stdin, stdout }) => {
      stdin?.on('data', (chunk: Buffer) => stdout?.end(chunk));
      if (stdout) await new Promise((resolve) => stdout.on('finish', resolve));
      return succeeded;
    },
    { stdin: true },
  );
  const client = kubelet.open('v4.base64.channel.k8s.io');
  await client.opened;
  client.socket.send(`0${Buffer.from('häh').toString('base64')}`);
  await client.closed;
  assert.equal(client.on('text 1'), 'häh');
});

test('serveRemoteCommand(): a terminal has a resize channel and no stderr', async () => {
  await using kubelet = await harness(
    async (streams) => {
      const size = await new Promise<string>((resolve) =>
        streams['resize']?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
      );
      streams['stdout']?.end(`${Object.keys(streams).join(' ')} ${size}`);
      return succeeded;
    },
    { stdin: true, tty: true },
  );
  const client = kubelet.open('v5.channel.k8s.io');
  await client.opened;
  client.socket.send(message(4, '{"Width":80,"Height":24}'));
  await client.closed;
  assert.equal(client.on('1'), 'error stdin stdout resize {"Width":80,"Height":24}');
});

test('serveRemoteCommand(): 32 MB go in and come out unchanged, though the client reads slowly', async () => {
  await using kubelet = await harness(cat, { stdin: true, stderr: false });
  const client = new WebSocket(kubelet.url, 'v5.channel.k8s.io');
  await new Promise((resolve) => client.on('open', resolve));
  const [sent, got] = [createHash('sha256'), createHash('sha256')];
  let [bytes, status] = [0, ''];
  client.on('message', (data) => {
    const piece = data as Buffer;
    if (piece[0] === 3) status = piece.toString('utf8', 1);
    if (piece[0] !== 1) return;
    got.update(piece.subarray(1));
    bytes += piece.length - 1;
    client.pause();
    setImmediate(() => client.resume());
  });
  const closed = new Promise((resolve) => client.on('close', resolve));
  const chunk = randomBytes(1024 * 1024);
  for (let i = 0; i < 32; i++) {
    sent.update(chunk);
    await new Promise((resolve) => client.send(message(0, chunk), resolve));
  }
  client.send(Buffer.of(255, 0));
  await closed;
  assert.equal(bytes, 32 * chunk.length);
  assert.equal(got.digest('hex'), sent.digest('hex'));
  assert.deepEqual(JSON.parse(status), succeeded);
});

test('serveRemoteCommand(): a command that ends before it read its input still ends the connection', async () => {
  await using kubelet = await harness(async () => exited(1), { stdin: true });
  const client = kubelet.open('v5.channel.k8s.io');
  await client.opened;
  for (let i = 0; i < 64; i++) client.socket.send(message(0, Buffer.alloc(256 * 1024)));
  assert.equal(await client.closed, 1000);
  assert.deepEqual(JSON.parse(client.on('3')), exited(1));
});

test('serveRemoteCommand(): a client that goes away takes the connection to the runtime with it', async () => {
  let begun = (): void => undefined;
  const running = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const ended = Promise.withResolvers<string>();
  await using kubelet = await harness(
    async ({ stdin }) => {
      begun();
      if (stdin) ended.resolve(await textOf(stdin));
      return succeeded;
    },
    { stdin: true },
  );
  const client = kubelet.open('v5.channel.k8s.io');
  await running;
  client.socket.terminate();
  assert.equal(await ended.promise, '');
  await Promise.all(kubelet.sessions);
});

test('serveRemoteCommand(): a runtime that vanishes is an InternalError in the Status', async () => {
  await using kubelet = await harness(async ({ stdout }, connection) => {
    stdout?.write('half');
    setImmediate(() => connection.destroy());
    return new Promise(() => undefined);
  }, {});
  const client = kubelet.open('v5.channel.k8s.io');
  assert.equal(await client.closed, 1000);
  const status = JSON.parse(client.on('3')) as { status: string; reason: string; message: string };
  assert.deepEqual([status.status, status.reason], ['Failure', 'InternalError']);
  assert.match(status.message, /the container runtime ended the connection/);
});

test('serveRemoteCommand(): pings alone do not keep a connection that is idle', async () => {
  await using kubelet = await harness(() => new Promise(() => undefined), {}, 60);
  const client = kubelet.open('v5.channel.k8s.io');
  await client.opened;
  client.socket.ping();
  assert.equal(await client.closed, 1006);
  await Promise.all(kubelet.sessions);
});

test('serveRemoteCommand(): stopping the server ends the session', async () => {
  await using kubelet = await harness(() => new Promise(() => undefined), {});
  const client = kubelet.open('v5.channel.k8s.io');
  await client.opened;
  kubelet.abort.abort();
  await client.closed;
  await Promise.all(kubelet.sessions);
});

test('serveRemoteCommand() refuses protocols that it does not know, and says what the runtime said', async () => {
  await using kubelet = await harness(async () => succeeded, {});
  const refusal = (socket: WebSocket): Promise<string> =>
    new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.on('unexpected-response', (_request, response) => {
        let text = `${response.statusCode} `;
        response
          .on('data', (chunk: Buffer) => {
            text += chunk.toString();
          })
          .on('end', () => resolve(text));
      });
    });
  assert.match(
    await refusal(new WebSocket(kubelet.url, 'v9.channel.k8s.io')),
    /^403 requested protocol\(s\) are not supported: \[v9\.channel\.k8s\.io\]/,
  );
  assert.equal(await refusal(new WebSocket(`${kubelet.url}absent`, 'v5.channel.k8s.io')), '404 no such x');
});

test('serveRemoteCommand(): a close signal without a channel is a protocol error', async () => {
  await using kubelet = await harness(() => new Promise(() => undefined), { stdin: true });
  const client = kubelet.open('v5.channel.k8s.io');
  await client.opened;
  client.socket.send(Buffer.of(255));
  assert.equal(await client.closed, 1002);
});
