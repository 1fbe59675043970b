import { type Endpoint, endpointSlice, type EndpointSlicePort, type Pod } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { execute } from '../../exec.ts';
import { startPod } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { createService, REACH_MS, startAsker } from './reach.ts';

const SERVICE = 'example-custom-endpoints';

const startServer = (context: TestContext, name: string, port: number): Promise<Pod> =>
  startPod(context, name, {
    terminationGracePeriodSeconds: 0,
    containers: [{ ...testhost('netexec', `--http-port=${port}`, '--udp-port=-1'), ports: [{ containerPort: port }] }],
  });

/** A slice of our own: nobody manages it. */
const createSlice = (
  context: TestContext,
  name: string,
  endpoints: readonly Endpoint[],
  ports: readonly EndpointSlicePort[],
) =>
  context.api.of(endpointSlice).create({
    metadata: {
      name,
      namespace: context.namespace,
      labels: {
        'kubernetes.io/service-name': SERVICE,
        'endpointslice.kubernetes.io/managed-by': 'e2e-test.kubernetes.io',
      },
    },
    addressType: 'IPv4',
    endpoints,
    ports,
  });

const endpointOf = ({ status }: Pod): Endpoint => ({ addresses: [status.podIP ?? ''], conditions: { ready: true } });

/** Asks the port of the service for host names until each of these has answered, and no other. */
async function untilAnsweredBy(
  context: TestContext,
  address: string,
  port: number,
  names: readonly string[],
): Promise<void> {
  const seen = new Set<string>();
  await until(context, `answers of ${names.join(' and ')} on port ${port}`, REACH_MS, async () => {
    const { stdout, code } = await execute(context, 'execpod', [
      '/bin/sh',
      '-c',
      `curl -q -s --connect-timeout 2 http://${address}:${port}/hostname`,
    ]);
    if (code !== 0) return false;
    if (!names.includes(stdout.trim())) throw new Error(`port ${port} was answered by ${JSON.stringify(stdout)}`);
    seen.add(stdout.trim());
    return seen.size === names.length;
  });
}

export const customSliceTests = [
  conformanceTest(
    '[sig-network] EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices',
    async (context) => {
      const { spec } = await createService(context, SERVICE, {
        ports: [
          { name: 'port80', port: 80, protocol: 'TCP' },
          { name: 'port81', port: 81, protocol: 'TCP' },
        ],
      });
      const [first, second] = [
        await startServer(context, 'e2e-slice-1', 8090),
        await startServer(context, 'e2e-slice-2', 9090),
      ];
      const endpoints = [first, second].map(endpointOf);
      await createSlice(context, `${SERVICE}1`, endpoints.slice(0, 1), [
        { name: 'port80', port: 8090, protocol: 'TCP' },
      ]);
      await createSlice(context, `${SERVICE}2`, endpoints.slice(1), [{ name: 'port81', port: 9090, protocol: 'TCP' }]);
      await startAsker(context);
      await untilAnsweredBy(context, spec.clusterIP ?? '', 80, ['e2e-slice-1']);
      await untilAnsweredBy(context, spec.clusterIP ?? '', 81, ['e2e-slice-2']);
    },
  ),

  conformanceTest(
    '[sig-network] EndpointSlice should support a Service with multiple endpoint IPs specified in multiple EndpointSlices',
    async (context) => {
      const { spec } = await createService(context, SERVICE, {
        ports: [
          { name: 'port80', port: 80, protocol: 'TCP' },
          { name: 'port81', port: 81, protocol: 'TCP' },
        ],
      });
      const pods = [await startServer(context, 'e2e-slice-1', 8090), await startServer(context, 'e2e-slice-2', 8090)];
      for (const [i, found] of pods.entries()) {
        await createSlice(
          context,
          `${SERVICE}${i + 1}`,
          [endpointOf(found)],
          [
            { name: 'port80', port: 8090, protocol: 'TCP' },
            { name: 'port81', port: 8090, protocol: 'TCP' },
          ],
        );
      }
      await startAsker(context);
      for (const port of [80, 81])
        await untilAnsweredBy(context, spec.clusterIP ?? '', port, ['e2e-slice-1', 'e2e-slice-2']);
    },
  ),
];
