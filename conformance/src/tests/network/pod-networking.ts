import assert from 'node:assert/strict';
import type { Pod } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { execute } from '../../exec.ts';
import { createPod, startPod, untilPod } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import { nodeAddresses } from './reach.ts';

const [HTTP_PORT, UDP_PORT, DIALER_PORT] = [8083, 8081, 8080];
/** Tries of an endpoint: a first packet may be lost, more than that is a fault. */
const triesOf = (endpoints: number): number => endpoints * endpoints + 30;

type Protocol = 'http' | 'udp';

/** A server on every node. */
async function startServers(context: TestContext): Promise<readonly Pod[]> {
  const nodes = await nodeAddresses(context);
  assert.ok(nodes.length >= 2, 'the network between nodes takes two');
  const probe = {
    httpGet: { path: '/healthz', port: HTTP_PORT },
    initialDelaySeconds: 10,
    timeoutSeconds: 30,
    periodSeconds: 10,
  };
  for (const [i, { name }] of nodes.entries()) {
    await createPod(context, `netserver-${i}`, {
      terminationGracePeriodSeconds: 0,
      nodeSelector: { 'kubernetes.io/hostname': name },
      containers: [
        {
          ...testhost('netexec', `--http-port=${HTTP_PORT}`, `--udp-port=${UDP_PORT}`),
          ports: [
            { name: 'http', containerPort: HTTP_PORT },
            { name: 'udp', containerPort: UDP_PORT, protocol: 'UDP' },
          ],
          livenessProbe: { ...probe, failureThreshold: 3 },
          readinessProbe: { ...probe, failureThreshold: 3 },
        },
      ],
    });
  }
  const ready = ({ status }: Pod): boolean =>
    (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
  return Promise.all(nodes.map((_, i) => untilPod(context, `netserver-${i}`, 'being Ready', 300_000, ready)));
}

/** Runs the line in the pod until it has named the endpoint, at most as often as is fair. */
async function untilNamed(
  context: TestContext,
  from: string,
  line: string,
  name: string,
  tries: number,
  namesIn: (output: string) => readonly string[],
): Promise<void> {
  const seen: string[] = [];
  for (let i = 0; i < tries; i += 1) {
    const { stdout, stderr, code } = await execute(context, from, ['/bin/sh', '-c', line]);
    seen.push(...(code === 0 ? namesIn(stdout) : [`${code}: ${stderr}`]));
    if (seen.includes(name)) break;
    await context.clock.sleep(2000, context.signal);
  }
  assert.ok(seen.includes(name), `${line} gave ${JSON.stringify(seen)}`);
  assert.deepEqual([...new Set(seen.filter((one) => one !== name && !/^\d/.test(one)))], [], 'others answered');
}

async function podToPod(context: TestContext, protocol: Protocol): Promise<void> {
  const servers = await startServers(context);
  const dialer = await startPod(context, 'test-container-pod', {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        ...testhost('netexec', `--http-port=${DIALER_PORT}`, '--udp-port=8081'),
        ports: [{ name: 'http', containerPort: DIALER_PORT }],
      },
    ],
  });
  for (const { metadata, status } of servers) {
    const query = `request=hostname&protocol=${protocol}&host=${status.podIP}&port=${protocol === 'http' ? HTTP_PORT : UDP_PORT}&tries=1`;
    const line = `curl -g -q -s 'http://${dialer.status.podIP}:${DIALER_PORT}/dial?${query}'`;
    await untilNamed(
      context,
      'test-container-pod',
      line,
      metadata.name,
      triesOf(servers.length),
      (output) => (JSON.parse(output) as { readonly responses?: readonly string[] }).responses ?? [],
    );
  }
}

async function nodeToPod(context: TestContext, protocol: Protocol): Promise<void> {
  const servers = await startServers(context);
  await startPod(context, 'host-test-container-pod', {
    hostNetwork: true,
    terminationGracePeriodSeconds: 0,
    containers: [testhost()],
  });
  for (const { metadata, status } of servers) {
    const line =
      protocol === 'http'
        ? `curl -g -q -s --max-time 15 --connect-timeout 1 http://${status.podIP}:${HTTP_PORT}/hostName`
        : `echo hostName | nc -w 1 -u ${status.podIP} ${UDP_PORT}`;
    await untilNamed(context, 'host-test-container-pod', line, metadata.name, triesOf(servers.length), (output) =>
      output
        .split('\n')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    );
  }
}

export const podNetworkingTests = (['http', 'udp'] as const).flatMap((protocol) => [
  conformanceTest(
    `[sig-network] Networking Granular Checks: Pods should function for intra-pod communication: ${protocol}`,
    (context) => podToPod(context, protocol),
  ),
  conformanceTest(
    `[sig-network] Networking Granular Checks: Pods should function for node-pod communication: ${protocol}`,
    (context) => nodeToPod(context, protocol),
  ),
]);
