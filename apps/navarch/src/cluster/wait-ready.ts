import { isNodeReady, node, pod } from '@navarch/api';
import { type Api, httpApi } from '@navarch/client';
import { hasReason, keyOf } from '@navarch/machinery';
import { httpTransport, loadAccess } from '@navarch/node/client';
import { systemClock } from '@navarch/node/system';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DaemonName, findDaemon, lastWords } from './daemon.ts';
import type { Layout } from './layout.ts';
import { UserError } from '../user-error.ts';

const POLL_MS = 50;
/** Whoever has the port may take a connection and never say a word. */
const ATTEMPT_MS = 3_000;

/** A client with the administrator's identity. Dispose of `transport` when done. */
export function adminClient(
  layout: Layout,
  signal: AbortSignal,
): { readonly api: Api; readonly transport: ReturnType<typeof httpTransport> } {
  const transport = httpTransport(loadAccess(layout.adminKubeconfig));
  return { transport, api: httpApi({ transport, clock: systemClock, userAgent: 'navarch' }, signal) };
}

/** Asks again and again until the answer is yes. Fails when a daemon that is needed has ended, or the time is over. */
export async function until(
  layout: Layout,
  what: string,
  daemons: readonly DaemonName[],
  timeoutMs: number,
  isSo: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      if (await within(ATTEMPT_MS, isSo)) return;
    } catch (error) {
      last = error; // Not there yet; what it said last is what a timeout tells.
    }
    for (const daemon of daemons) {
      if (!findDaemon(layout, daemon))
        throw new UserError(`the ${daemon} has ended while waiting for ${what}: ${lastWords(layout, daemon)}`);
    }
    if (performance.now() > end) {
      throw new UserError(
        `${what} did not come about within ${timeoutMs / 1000} s${last instanceof Error ? ` (${last.message})` : ''}; see \`navarch logs ${daemons.at(-1) ?? 'server'}\``,
      );
    }
    await sleep(POLL_MS);
  }
}

/** One attempt, which is given up when the time is over. */
async function within(limitMs: number, isSo: (signal: AbortSignal) => Promise<boolean>): Promise<boolean> {
  const limit = new AbortController();
  const answer = isSo(limit.signal);
  answer.catch(() => undefined);
  try {
    return await Promise.race([
      answer,
      sleep(limitMs, undefined, { signal: limit.signal }).then(() => {
        throw new Error(`no answer within ${limitMs / 1000} s`);
      }),
    ]);
  } finally {
    limit.abort();
  }
}

/** At least so many, and none that is not. */
export const nodesAreReady = async (api: Api, count: number): Promise<boolean> => {
  const { items } = await api.of(node).list();
  return (
    items.length >= count &&
    items.every((n) => isNodeReady(n) && !n.spec.taints?.some((t) => t.key === 'node.kubernetes.io/not-ready'))
  );
};

/** They have registered, whatever they can do. */
export const nodesAreThere = async (api: Api, count: number): Promise<boolean> =>
  (await api.of(node).list()).items.length >= count;

const CHECK = 'navarch-dns-check';

/** Runs a pod that looks up the API server's name; true when it found it. */
export async function dnsAnswers(api: Api): Promise<boolean> {
  const key = `kube-system/${CHECK}`;
  try {
    const found = await api.of(pod).get(key);
    if (found.status.phase === 'Succeeded') {
      await api.of(pod).delete(keyOf(found), { gracePeriodSeconds: 0 });
      return true;
    }
    if (found.status.phase === 'Failed') await api.of(pod).delete(keyOf(found), { gracePeriodSeconds: 0 });
    return false;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    await api.of(pod).create({
      metadata: { name: CHECK, namespace: 'kube-system' },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        containers: [
          {
            name: 'check',
            image: 'busybox',
            imagePullPolicy: 'IfNotPresent',
            command: ['nslookup', 'kubernetes.default.svc.cluster.local'],
          },
        ],
      },
    });
    return false;
  }
}
