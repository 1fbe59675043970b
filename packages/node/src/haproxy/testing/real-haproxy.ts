import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assignSlots, type Engine, type EngineConfig, haproxyConfig, type Site } from '@navarch/ingress';
import { Pki } from '../../pki/pki.ts';
import { haproxyEngine } from '../engine.ts';

export interface RealHaproxy extends AsyncDisposable {
  readonly dir: string;
  readonly engine: Engine;
  /** Ports that nobody had a moment ago. */
  readonly ports: { readonly http: number; readonly https: number };
  /** PEM of whose certificates it shows where nobody gave one. */
  readonly authority: string;
  configOf(site: Site): EngineConfig;
}

/** An engine in a folder of its own; both are gone afterwards. */
export async function realHaproxy(): Promise<RealHaproxy> {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-haproxy-'));
  const pki = await Pki.open(join(dir, 'pki'));
  const own = await pki.issue({ commonName: 'default', names: ['default.test'], isForPeople: true });
  const engine = haproxyEngine(join(dir, 'run'));
  return {
    dir,
    engine,
    ports: { http: await freePort(), https: await freePort() },
    authority: pki.authority.certificate,
    configOf: (site) =>
      haproxyConfig(site, assignSlots(new Map(), site.backends), {
        socket: join(dir, 'run', 'control.sock'),
        defaultCertificate: own.certificate + own.key,
        filesMax: 2000,
      }),
    async [Symbol.asyncDispose]() {
      await engine.stop(AbortSignal.timeout(20_000));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
