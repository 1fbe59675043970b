import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directApi, serve, systemUser } from '@navarch/apiserver';
import { silent } from '@navarch/base';
import type { Api } from '@navarch/client';
import { listenHttps } from '@navarch/node/http';
import { Pki } from '@navarch/node/pki';
import { systemClock, systemRandom } from '@navarch/node/system';
import { parseYaml } from '@navarch/node/yaml';
import { MemoryStore } from '@navarch/store';

const REVISIONS_KEPT = 60;

export interface Serving extends AsyncDisposable {
  readonly url: string;
  /** The same server without a wire. */
  readonly api: Api;
}

/** An API server in memory on loopback, for clients to try; the token `oracle` may do everything. */
export async function serving(): Promise<Serving> {
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
      staticTokens: new Map([['oracle', { name: 'oracle', groups: ['system:masters'] }]]),
      issuer: 'https://issuer',
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.0.0.1',
      advertisePort: 6443,
      parseYaml,
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
  // Little is remembered, so that clients meet the end of it.
  const forget = (): unknown => store.compact(Math.max(1, store.revision() - REVISIONS_KEPT));
  await forget();
  const forgetting = setInterval(forget, 100);
  return {
    url: `https://127.0.0.1:${listening.port}`,
    api: directApi(server, systemUser),
    async [Symbol.asyncDispose]() {
      clearInterval(forgetting);
      stop.abort();
      await listening[Symbol.asyncDispose]();
      await housekeeping;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
