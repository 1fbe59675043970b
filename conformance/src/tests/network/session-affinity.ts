import assert from 'node:assert/strict';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { execute } from '../../exec.ts';
import { until } from '../../until.ts';
import {
  changeService,
  createService,
  nodeAddresses,
  REACH_MS,
  serveHostnames,
  startAsker,
  untilServed,
} from './reach.ts';

/** So many answers in a row from one pod are no accident: with three pods it would be one of five million. */
const CONFIRM_COUNT = 15;

/** Asks until the last answers all come from one pod, or not all: as wanted. */
async function untilAffinity(
  context: TestContext,
  from: string,
  address: string,
  port: number,
  shouldHold: boolean,
): Promise<void> {
  const hosts: string[] = [];
  const line = `for i in $(seq 0 ${CONFIRM_COUNT}); do echo; curl -q -s --connect-timeout 2 http://${address}:${port}/; done`;
  await until(context, `affinity ${shouldHold ? '' : 'not '}holding`, REACH_MS, async () => {
    const { stdout } = await execute(context, from, ['/bin/sh', '-c', line]);
    hosts.push(
      ...stdout
        .split('\n')
        .map((host) => host.trim())
        .filter((host) => host !== ''),
    );
    const last = hosts.slice(-CONFIRM_COUNT);
    return last.length === CONFIRM_COUNT && (new Set(last).size === 1) === shouldHold;
  });
  context.log(`${hosts.length} answers: ${JSON.stringify(Object.groupBy(hosts, (host) => host))}`);
}

async function keepsClients(context: TestContext, type: 'ClusterIP' | 'NodePort', isSwitched: boolean): Promise<void> {
  const name = `affinity-${type.toLowerCase()}`;
  const made = await createService(context, name, {
    type,
    sessionAffinity: 'ClientIP',
    selector: { name },
    ports: [{ port: 80, targetPort: 9376, protocol: 'TCP' }],
  });
  assert.equal(made.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds, 10_800);
  await serveHostnames(context, name, 3);
  await startAsker(context);
  await untilServed(context, 'execpod', made);
  const [first] = await nodeAddresses(context);
  const [address, port] =
    type === 'NodePort' ? [first?.address ?? '', made.spec.ports?.[0]?.nodePort ?? 0] : [made.spec.clusterIP ?? '', 80];
  if (isSwitched) {
    const { spec } = await changeService(context, name, ({ sessionAffinityConfig: _, ...rest }) => ({
      ...rest,
      sessionAffinity: 'None',
    }));
    assert.equal(spec.sessionAffinityConfig, undefined);
    await untilAffinity(context, 'execpod', address, port, false);
    await changeService(context, name, (rest) => ({ ...rest, sessionAffinity: 'ClientIP' }));
  }
  await untilAffinity(context, 'execpod', address, port, true);
}

export const sessionAffinityTests = [
  conformanceTest(
    '[sig-network] Services should have session affinity work for service with type clusterIP',
    (context) => keepsClients(context, 'ClusterIP', false),
  ),
  conformanceTest(
    '[sig-network] Services should be able to switch session affinity for service with type clusterIP',
    (context) => keepsClients(context, 'ClusterIP', true),
  ),
  conformanceTest('[sig-network] Services should have session affinity work for NodePort service', (context) =>
    keepsClients(context, 'NodePort', false),
  ),
  conformanceTest('[sig-network] Services should be able to switch session affinity for NodePort service', (context) =>
    keepsClients(context, 'NodePort', true),
  ),
];
