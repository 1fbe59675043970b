import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';

const START = 'Starting to serve on ';

/** Runs `kubectl proxy` until the test is over; gives where it says that it serves. */
async function startProxy(context: TestContext, ...options: readonly string[]): Promise<string> {
  const child = spawn('kubectl', ['--kubeconfig', context.kubeconfig, 'proxy', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: context.signal,
  });
  child.on('error', (error) => context.log(String(error)));
  context.cleanup(async () => child.kill());
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (said.includes('\n')) break;
  }
  assert.ok(said.startsWith(START), said);
  return said.slice(START.length).split('\n')[0] ?? '';
}

async function versions(
  address: { readonly port: number } | { readonly socketPath: string },
): Promise<readonly string[]> {
  const answer = await new Promise<string>((resolve, reject) => {
    request({ ...address, host: '127.0.0.1', path: '/api/' }, (response) => void text(response).then(resolve, reject))
      .on('error', reject)
      .end();
  });
  const { kind, versions: found } = JSON.parse(answer) as {
    readonly kind: string;
    readonly versions: readonly string[];
  };
  assert.equal(kind, 'APIVersions');
  return found;
}

export const proxyTests = [
  conformanceTest('[sig-cli] Kubectl client Proxy server should support proxy with --port 0', async (context) => {
    const [, port = ''] = /:(\d+)$/.exec(await startProxy(context, '-p', '0', '--disable-filter')) ?? [];
    assert.deepEqual(await versions({ port: Number(port) }), ['v1']);
  }),
  conformanceTest('[sig-cli] Kubectl client Proxy server should support --unix-socket=/path', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'kubectl-proxy-unix-'));
    context.cleanup(async () => rmSync(folder, { recursive: true, force: true }));
    const socketPath = join(folder, 'test');
    await startProxy(context, `--unix-socket=${socketPath}`);
    assert.deepEqual(await versions({ socketPath }), ['v1']);
  }),
];
