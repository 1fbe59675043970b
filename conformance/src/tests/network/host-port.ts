import assert from 'node:assert/strict';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { execute } from '../../exec.ts';
import { startPod } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { nodeAddresses } from './reach.ts';

const PORT = 54_323;

interface Place {
  readonly node: string;
  readonly hostIP: string;
  readonly protocol: 'TCP' | 'UDP';
}

const startAt = (context: TestContext, name: string, { node, hostIP, protocol }: Place) =>
  startPod(context, name, {
    terminationGracePeriodSeconds: 0,
    nodeSelector: { 'kubernetes.io/hostname': node },
    containers: [
      {
        ...testhost('netexec', '--http-port=8080', '--udp-port=8080'),
        ports: [{ hostPort: PORT, containerPort: 8080, protocol, hostIP }],
        readinessProbe: { httpGet: { path: '/hostname', port: 8080, scheme: 'HTTP' } },
      },
    ],
  });

/** The answer of the line must be the pod's name, within five tries. */
async function untilNamed(context: TestContext, line: string, name: string): Promise<void> {
  let tries = 0;
  await until(context, `${name} answering ${line}`, 60_000, async () => {
    assert.ok((tries += 1) <= 5, `${line} was not answered by ${name}`);
    const { stdout, stderr, code } = await execute(context, 'e2e-host-exec', ['/bin/sh', '-c', line]);
    context.log(`${line}: ${code} ${JSON.stringify(stdout)} ${JSON.stringify(stderr)}`);
    if (code === 0 && stdout.trim() === name) return true;
    await context.clock.sleep(2000, context.signal);
    return false;
  });
}

export const hostPortTests = [
  conformanceTest(
    '[sig-network] HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol',
    async (context) => {
      const [first] = await nodeAddresses(context);
      assert.ok(first);
      const { name: node, address } = first;
      await startAt(context, 'pod1', { node, hostIP: '127.0.0.1', protocol: 'TCP' });
      await startAt(context, 'pod2', { node, hostIP: address, protocol: 'TCP' });
      await startAt(context, 'pod3', { node, hostIP: address, protocol: 'UDP' });
      await startPod(context, 'e2e-host-exec', {
        hostNetwork: true,
        terminationGracePeriodSeconds: 0,
        nodeSelector: { 'kubernetes.io/hostname': node },
        containers: [testhost()],
      });
      await untilNamed(
        context,
        `curl -g --connect-timeout 5 --interface ${address} http://127.0.0.1:${PORT}/hostname`,
        'pod1',
      );
      await untilNamed(context, `curl -g --connect-timeout 5 http://${address}:${PORT}/hostname`, 'pod2');
      await untilNamed(context, `echo hostname | nc -w 5 -u ${address} ${PORT}`, 'pod3');
    },
  ),
];
