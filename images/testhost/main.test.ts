import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const limit = { timeout: 20_000 };

test('netexec answers who it is, echoes, runs commands and dials others', limit, async () => {
  const [http, udp] = [await freePort(), await freePort()];
  await using role = start('netexec', `--http-port=${http}`, '--udp-port', String(udp));
  const get = (path: string): Promise<string> => role.get(`http://127.0.0.1:${http}${path}`);
  assert.equal(await get('/echo?msg=hello'), 'hello');
  assert.match(await get('/clientip'), /^127\.0\.0\.1:\d+$/);
  assert.deepEqual(JSON.parse(await get('/shell?cmd=echo%20out;exit%203')), {
    output: 'out\n',
    error: 'exit status 3',
  });
  const dial = (rest: string): Promise<string> => get(`/dial?host=127.0.0.1&${rest}`);
  assert.deepEqual(JSON.parse(await dial(`port=${http}&request=echo?msg=x&tries=2`)), { responses: ['x', 'x'] });
  assert.deepEqual(JSON.parse(await dial(`port=${udp}&protocol=udp&request=echo%20y`)), { responses: ['y'] });
  assert.match(await get(`/dial?port=${http}`), /request parameter not specified/);
  await role.get(`http://127.0.0.1:${http}/exit?code=7`).catch(() => 'gone');
  assert.equal(await role.ended, 7);
});

test('netexec --http-override answers one path for all', limit, async () => {
  const port = await freePort();
  await using role = start(
    'netexec',
    '--http-port',
    String(port),
    '--udp-port',
    '-1',
    '--http-override=/echo?code=404&msg=no',
  );
  const response = await role.fetch(`http://127.0.0.1:${port}/anything`);
  assert.deepEqual([response.status, await response.text()], [404, 'no']);
});

test('serve-hostname --udp answers datagrams', limit, async () => {
  const port = await freePort();
  await using role = start('serve-hostname', '--udp', `--port=${port}`);
  assert.ok(role.child.pid);
  const socket = createSocket('udp4');
  const answer = new Promise<string>((resolve) => socket.on('message', (message) => resolve(message.toString())));
  const asking = setInterval(() => socket.send('?', port, '127.0.0.1'), 50);
  assert.match(await answer, /^\S+\n$/);
  clearInterval(asking);
  socket.close();
});

test(
  'porter answers on a port with the words of its variable, pages as pages, and in JSON says how it was asked',
  limit,
  async () => {
    const [page, text] = [await freePort(), await freePort()];
    const env = { [`SERVE_PORT_${page}`]: '<a href="/rewriteme">test</a>', [`SERVE_PORT_${text}`]: 'foo' };
    await using plain = startWith(env, 'porter');
    assert.match((await plain.fetch(`http://127.0.0.1:${page}/`)).headers.get('content-type') ?? '', /^text\/html/);
    assert.equal(await plain.get(`http://127.0.0.1:${text}/any/path`), 'foo');
    const json = await freePort();
    await using told = startWith({ [`SERVE_PORT_${json}`]: 'foo' }, 'porter', '--json-response');
    const answer = await told.fetch(`http://127.0.0.1:${json}/?x=1`, { method: 'DELETE' });
    assert.deepEqual(await answer.json(), { Method: 'DELETE', Body: 'foo' });
  },
);

test('nettest counts who has written to it', limit, async () => {
  const port = await freePort();
  await using role = start('nettest', `--port=${port}`);
  for (const body of ['{"Source": "prestop"}', '{"Source": "prestop"}'])
    assert.equal((await role.fetch(`http://127.0.0.1:${port}/write`, { method: 'POST', body })).status, 200);
  assert.deepEqual((JSON.parse(await role.get(`http://127.0.0.1:${port}/read`)) as { Received: unknown }).Received, {
    prestop: 2,
  });
});

test('registry has an image under any name, whose files tar can read', limit, async () => {
  const port = await freePort();
  await using role = start('registry', `--port=${port}`);
  const path = `http://127.0.0.1:${port}/v2/any/name`;
  const manifest = JSON.parse(await role.get(`${path}/manifests/1.0`)) as {
    readonly layers: readonly { readonly digest: string; readonly size: number }[];
  };
  const layer = Buffer.from(await (await role.fetch(`${path}/blobs/${manifest.layers[0]?.digest}`)).arrayBuffer());
  assert.equal(layer.length, manifest.layers[0]?.size);
  assert.equal(execFileSync('tar', ['-tzf', '-'], { input: layer, encoding: 'utf8' }), 'data.json\netc/os-release\n');
  assert.equal((await role.fetch(`${path}/blobs/sha256:0`)).status, 404);
});

test('mounttest makes files of the modes asked for, and fails for what is not there', limit, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mounttest-'));
  try {
    const path = join(folder, 'f');
    const made = await finished('mounttest', `--new_file_0666=${path}`, `--file_perm=${path}`, `--file_mode=${folder}`);
    assert.equal(
      made.output,
      `content of file "${path}": mount-tester new file\n\nmode of file "${folder}": drwx------\nperms of file "${path}": -rw-rw-rw-\n`,
    );
    assert.equal((await finished('mounttest', `--file_content=${folder}/none`)).code, 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('crd-conversion-webhook converts both ways, and says of what it cannot convert why', limit, async () => {
  const port = await freePort();
  await using role = start('crd-conversion-webhook', `--port=${port}`, '-v=4');
  assert.equal(await role.get(`http://127.0.0.1:${port}/readyz`), 'ok');
  const ask = async (desiredAPIVersion: string, object: object): Promise<any> => {
    const review = {
      kind: 'ConversionReview',
      apiVersion: 'apiextensions.k8s.io/v1',
      request: { uid: 'u', desiredAPIVersion, objects: [object] },
    };
    return (
      (await (
        await fetch(`http://127.0.0.1:${port}/crdconvert`, { method: 'POST', body: JSON.stringify(review) })
      ).json()) as any
    ).response;
  };
  const [v1, v2] = ['stable.example.com/v1', 'stable.example.com/v2'];
  assert.deepEqual(await ask(v2, { apiVersion: v1, hostPort: 'a:80' }), {
    uid: 'u',
    convertedObjects: [{ host: 'a', port: '80', apiVersion: v2 }],
    result: { status: 'Success' },
  });
  assert.deepEqual((await ask(v1, { apiVersion: v2, host: 'a', port: '80' })).convertedObjects, [
    { hostPort: 'a:80', apiVersion: v1 },
  ]);
  assert.deepEqual((await ask(v2, { apiVersion: v1, hostPort: 'a' })).result, {
    status: 'Failure',
    message: 'invalid hostPort value `a`',
  });
});

test('grpc-health-checking serves, and stops serving when told to', limit, async () => {
  const [port, control] = [await freePort(), await freePort()];
  await using role = start('grpc-health-checking', `--port=${port}`, `--http-port=${control}`);
  await role.get(`http://127.0.0.1:${control}/make-serving`);
  assert.deepEqual(await check(port, ''), { body: '00000000020801', status: '0' });
  assert.deepEqual(await check(port, 'other'), { body: '', status: '5' });
  await role.get(`http://127.0.0.1:${control}/make-not-serving`);
  assert.deepEqual(await check(port, ''), { body: '00000000020802', status: '0' });
});

test('logs-generator writes as many lines as asked', limit, async () => {
  const { output } = await finished('logs-generator', '-t', '20', '-d', '100ms');
  const ids = output
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[1]);
  assert.deepEqual(
    ids,
    Array.from({ length: 20 }, (_, id) => String(id)),
  );
});

test('entrypoint-tester repeats its arguments, flags too', limit, async () => {
  assert.match((await finished('entrypoint-tester', '--a', 'b')).output, /entrypoint-tester --a b\]\n$/);
});

test('test-webserver serves files and nothing that is not one', limit, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'web-'));
  try {
    writeFileSync(join(folder, 'page'), 'text');
    const port = await freePort();
    await using role = start('test-webserver', `--port=${port}`);
    assert.equal(await role.get(`http://127.0.0.1:${port}${folder}/page`), 'text');
    assert.equal((await role.fetch(`http://127.0.0.1:${port}${folder}/none`)).status, 404);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a role, or a flag, that does not exist is refused in one line', limit, async () => {
  assert.deepEqual([(await finished('nonsense')).code, (await finished('pause', '--loud')).code], [1, 1]);
});

test('webhook judges what it is shown and changes it in stages', limit, async () => {
  const port = await freePort();
  await using role = start('webhook', `--port=${port}`, '--sidecar-image=sidecar:1');
  assert.equal(await role.get(`http://127.0.0.1:${port}/readyz`), 'ok');
  const ask = async (path: string, request: object): Promise<unknown> => {
    const body = JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u', operation: 'CREATE', ...request },
    });
    const review = (await (
      await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers: { connection: 'close' } })
    ).json()) as { readonly response: { readonly patch?: string; readonly patchType?: string } };
    const { patch, patchType: _, ...verdict } = review.response;
    return patch ? (JSON.parse(Buffer.from(patch, 'base64').toString()) as unknown) : verdict;
  };
  const allowed = { uid: 'u', allowed: true };
  assert.deepEqual(
    await ask('/pods', {
      object: {
        spec: { containers: [{ name: 'webhook-disallow-x' }] },
        metadata: { labels: { 'webhook-e2e-test': 'webhook-disallow' } },
      },
    }),
    {
      uid: 'u',
      allowed: false,
      status: { message: 'the pod contains unwanted label; the pod contains unwanted container name;' },
    },
  );
  assert.deepEqual(
    await ask('/configmaps', { object: { data: { 'webhook-e2e-test': 'webhook-nondeletable' } } }),
    allowed,
  );
  assert.deepEqual(
    await ask('/configmaps', {
      operation: 'DELETE',
      oldObject: { data: { 'webhook-e2e-test': 'webhook-nondeletable' } },
    }),
    {
      uid: 'u',
      allowed: false,
      status: { reason: 'the configmap cannot be deleted because it contains unwanted key and value' },
    },
  );
  const stage = (n: number): unknown => [{ op: 'add', path: `/data/mutation-stage-${n}`, value: 'yes' }];
  assert.deepEqual(await ask('/mutating-configmaps', { object: { data: { 'mutation-start': 'yes' } } }), stage(1));
  assert.deepEqual(
    await ask('/mutating-configmaps', { object: { data: { 'mutation-start': 'yes', 'mutation-stage-1': 'yes' } } }),
    stage(2),
  );
  assert.deepEqual(await ask('/mutating-configmaps', { object: {} }), allowed);
  assert.deepEqual(await ask('/mutating-pods-sidecar', { object: { spec: { containers: [] } } }), [
    {
      op: 'add',
      path: '/spec/containers/-',
      value: { image: 'sidecar:1', name: 'webhook-added-sidecar', resources: {} },
    },
  ]);
  assert.deepEqual(
    await ask('/pods/attach', {
      name: 'to-be-attached-pod',
      operation: 'CONNECT',
      object: { stdin: true, container: 'container1' },
    }),
    { uid: 'u', allowed: false, status: { message: "attaching to pod 'to-be-attached-pod' is not allowed" } },
  );
});

test('guestbook tells its replicas what is written', limit, async () => {
  const [primary, replica] = [await freePort(), await freePort()];
  await using first = start('guestbook', `--http-port=${primary}`, `--backend-port=${replica}`);
  assert.equal(await first.get(`http://127.0.0.1:${primary}/set?key=early&value=1`), '{"message":"Updated"}');
  // On one machine the two differ by port alone: the replica is told under the address that it gave, at the port that is its own.
  await using second = start(
    'guestbook',
    `--http-port=${replica}`,
    `--backend-port=${primary}`,
    '--replicaof=127.0.0.1',
  );
  for (;;) {
    if ((await second.get(`http://127.0.0.1:${replica}/get?key=early`)) === '{"data":"1"}') break;
    await sleep(20);
  }
  await first.get(`http://127.0.0.1:${primary}/set?key=messages&value=hello`);
  assert.equal(await second.get(`http://127.0.0.1:${replica}/get?key=messages`), '{"data":"hello"}');
  assert.equal((await first.fetch(`http://127.0.0.1:${primary}/set?value=x`)).status, 400);
});

interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Asks until it listens. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
  get(url: string): Promise<string>;
}

const start = (...args: readonly string[]): Running => startWith({}, ...args);

function startWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Running {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const ask = async (url: string, init: RequestInit = {}): Promise<Response> => {
    for (;;) {
      try {
        return await fetch(url, { ...init, headers: { connection: 'close' } });
      } catch (error) {
        if (child.exitCode !== null) throw error;
        await sleep(20);
      }
    }
  };
  return {
    child,
    ended,
    fetch: ask,
    get: async (url) => (await ask(url)).text(),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function finished(...args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on('close', (code) => resolve({ code, output }));
  });
}

function check(port: number, service: string): Promise<{ readonly body: string; readonly status: unknown }> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const message =
      service === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
    let body = '';
    let status: unknown;
    stream.on('data', (chunk: Buffer) => {
      body += chunk.toString('hex');
    });
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.on('close', () => {
      session.close();
      resolve({ body, status });
    });
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
