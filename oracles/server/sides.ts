import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseFeatureGates, serve } from '@navarch/apiserver';
import { silent } from '@navarch/base';
import { listenHttps } from '@navarch/node/http';
import { linearPatterns } from '@navarch/node/patterns';
import { Pki } from '@navarch/node/pki';
import { systemClock, systemRandom } from '@navarch/node/system';
import { parseYaml } from '@navarch/node/yaml';
import { MemoryStore } from '@navarch/store';
import { built } from '../go.ts';
import type { Server } from './http.ts';
import { readJson } from '@navarch/machinery';

/** One of the two API servers that are asked the same. */
export interface Side extends Server, AsyncDisposable {
  readonly name: 'theirs' | 'ours';
  /** Forgets all but the present. */
  compact(): Promise<void>;
}

const TOKEN = 'oracle';
/** Of what the official libraries say besides: it is shown only when they end. */
const COMPLAINTS_MAX = 4000;

/** An API server of the official libraries, on an etcd of its own. `gates`: features, as `--feature-gates` names them. */
export async function theirs(gates = ''): Promise<Side> {
  const child = spawn(await built('server'), [gates], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-COMPLAINTS_MAX);
  });
  const ended = new Promise((resolve) => {
    child.on('close', resolve);
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const said = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the server of the official libraries has ended: ${complaints}`);
    return readJson(value as string);
  };
  const { url, token } = (await said()) as Server;
  return {
    name: 'theirs',
    url,
    token,
    async compact() {
      child.stdin.write('compact\n');
      const { error } = (await said()) as { readonly error?: string };
      if (error) throw new Error(`etcd: ${error}`);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

/** An API server of ours in memory, likewise on loopback. */
export async function ours(gates = ''): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-oracle-'));
  const stop = new AbortController();
  const pki = await Pki.open(folder);
  const identity = await pki.identity('apiserver', { commonName: 'kube-apiserver', addresses: ['127.0.0.1'] });
  const store = new MemoryStore();
  const { server, housekeep } = await serve(
    {
      store,
      clock: systemClock,
      random: systemRandom(),
      log: silent,
      tokens: { sign: async () => 'token', verify: async () => undefined, jwks: () => ({ keys: [] }) },
      staticTokens: new Map([[TOKEN, { name: TOKEN, groups: ['system:masters'] }]]),
      issuer: 'https://issuer',
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.0.0.1',
      advertisePort: 6443,
      parseYaml,
      patterns: linearPatterns,
      ...(gates === '' ? {} : { features: parseFeatureGates([gates]) }),
    },
    stop.signal,
  );
  const housekeeping = housekeep(stop.signal).catch(() => undefined);
  const listening = await listenHttps(server, {
    addresses: ['127.0.0.1'],
    port: 0,
    certificate: identity.certificate,
    key: identity.key,
    clientAuthority: pki.authority.certificate,
    kubeletClient: { certificate: identity.certificate, key: identity.key, authority: pki.authority.certificate },
  });
  return {
    name: 'ours',
    url: `https://127.0.0.1:${listening.port}`,
    token: TOKEN,
    compact: () => store.compact(store.revision()),
    async [Symbol.asyncDispose]() {
      await listening[Symbol.asyncDispose]();
      stop.abort();
      await housekeeping;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
