import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RpcError } from '@navarch/kubelet';
import { type Answer, serveGrpc } from '../grpc/index.ts';
import { protocol } from './generated/description.ts';
import { connectRuntime } from './grpc-runtime.ts';

test(
  'connectRuntime() takes no refusal of a runtime that is busy for what it can do',
  { timeout: 20_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nv-slow-'));
    try {
      const asked = new Map<string, number>();
      // As containerd 1.6: it knows neither sandbox statistics nor events; at first it says that it cannot now.
      const known: Readonly<Record<string, object>> = {
        version: { runtimeName: 'containerd', runtimeVersion: 'v1.6.20' },
        status: {},
      };
      const refusals: Readonly<Record<string, number>> = {
        version: 1,
        podSandboxStats: 1,
        updatePodSandboxResources: 2,
        getContainerEvents: 3,
      };
      const said = (name: string): object => {
        asked.set(name, (asked.get(name) ?? 0) + 1);
        if ((asked.get(name) ?? 0) <= (refusals[name] ?? 0)) throw new RpcError('UNAVAILABLE', 'busy');
        const found = known[name];
        if (!found) throw new RpcError('UNIMPLEMENTED', `unknown method ${name}`);
        return found;
      };
      const answers = Object.fromEntries(
        Object.entries(protocol.methods).map(([name, [, , , isStream]]): [string, Answer] => [
          name,
          isStream
            ? async function* () {
                yield said(name);
              }
            : async () => said(name),
        ]),
      );
      const socketPath = join(folder, 'runtime.sock');
      await using _server = await serveGrpc(socketPath, [{ protocol, answers }]);
      using runtime = await connectRuntime({ socketPath }, new AbortController().signal);
      const { hasContainerEvents, hasPodSandboxStats, hasSandboxResize, runtimeVersion } = runtime.features();
      assert.deepEqual(
        { hasContainerEvents, hasPodSandboxStats, hasSandboxResize, runtimeVersion },
        { hasContainerEvents: false, hasPodSandboxStats: false, hasSandboxResize: false, runtimeVersion: 'v1.6.20' },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
