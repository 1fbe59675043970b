import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { configMap, namespace, serviceAccount } from '@navarch/api';
import type { Clock } from '@navarch/base';
import { type Api, httpApi } from '@navarch/client';
import { hasReason } from '@navarch/machinery';
import { httpTransport, loadAccess } from '@navarch/node/client';
import { systemClock } from '@navarch/node/system';
import type { ConformanceTest, TestContext } from './conformance-test.ts';
import { until } from './until.ts';

const READY_MS = 30_000;
/** Cleaning up goes on after a test's time is over, but not for ever. */
const CLEANUP_MS = 30_000;

/** Makes the place that a test runs in, runs it there and takes the place away, whatever came of the test. */
export function contexts(
  kubeconfig: string,
): (test: ConformanceTest, log: (line: string) => void, signal: AbortSignal) => Promise<void> {
  return async (test, log, signal) => {
    const access = loadAccess(kubeconfig);
    const transport = httpTransport(access);
    using _ = transport;
    const unique = randomBytes(4).toString('hex');
    const name = `conformance-${unique}`;
    const clock: Clock = systemClock;
    const api = httpApi({ transport, clock, userAgent: 'navarch-conformance' }, signal);
    const cleanups: (() => Promise<unknown>)[] = [];
    const context: TestContext = {
      api,
      transport,
      access,
      kubeconfig,
      clock,
      signal,
      unique,
      namespace: name,
      log,
      kubectl: (args, input) => kubectl(kubeconfig, name, args, input, signal),
      cleanup: (work) => void cleanups.push(work),
    };
    try {
      await api.of(namespace).create({ metadata: { name } });
      await until(context, `the default ServiceAccount of ${name}`, READY_MS, () => isThere(api, name));
      await test.run(context);
    } finally {
      await leave(kubeconfig, name, cleanups, log);
    }
  };
}

async function isThere(api: Api, name: string): Promise<boolean> {
  try {
    await api.of(serviceAccount).get(`${name}/default`);
    await api.of(configMap).get(`${name}/kube-root-ca.crt`);
    return true;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

/** Has its own client: the test's has ended when its time was over. What cannot be removed is told, not thrown over the test's failure. */
async function leave(
  kubeconfig: string,
  name: string,
  cleanups: readonly (() => Promise<unknown>)[],
  log: (line: string) => void,
): Promise<void> {
  const transport = httpTransport(loadAccess(kubeconfig));
  using _ = transport;
  const api = httpApi(
    { transport, clock: systemClock, userAgent: 'navarch-conformance' },
    AbortSignal.timeout(CLEANUP_MS),
  );
  for (const work of [...cleanups.toReversed(), () => api.of(namespace).delete(name)]) {
    try {
      await work();
    } catch (error) {
      if (!hasReason(error, 'NotFound')) log(`cleanup: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function kubectl(
  kubeconfig: string,
  name: string,
  args: readonly string[],
  input: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const child = spawn('kubectl', ['--kubeconfig', kubeconfig, '--namespace', name, ...args], { signal });
  const closed = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  child.stdin.on('error', () => undefined); // A kubectl that failed has stopped reading; its exit code tells.
  child.stdin.end(input);
  const [code, out, problem] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${problem}${out}`);
  return out;
}
