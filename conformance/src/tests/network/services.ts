import assert from 'node:assert/strict';
import { pod } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { startPod } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import {
  changeService,
  createService,
  serveHostnames,
  serviceApi,
  startAsker,
  untilEndpoints,
  untilReached,
  untilServed,
} from './reach.ts';

type Port = { readonly containerPort: number; readonly name?: string; readonly protocol?: 'TCP' | 'UDP' };

/** A pod that answers on these ports, one container a pair of them. */
const startServer = (
  context: TestContext,
  name: string,
  labels: Readonly<Record<string, string>>,
  ports: readonly Port[],
) =>
  startPod(
    context,
    name,
    {
      terminationGracePeriodSeconds: 0,
      containers: ports.map((port, i) => ({
        ...testhost(
          'netexec',
          `--http-port=${port.protocol === 'UDP' ? 8090 + i : port.containerPort}`,
          `--udp-port=${port.protocol === 'UDP' ? port.containerPort : -1}`,
        ),
        name: `server-${i}`,
        ports: [port],
      })),
    },
    { labels },
  );

const remove = (context: TestContext, name: string): Promise<void> =>
  context.api.of(pod).delete(`${context.namespace}/${name}`, { gracePeriodSeconds: 0 });

export const serviceTests = [
  conformanceTest('[sig-network] Services should find a service from listing all namespaces', async (context) => {
    const made = await createService(context, `found-${context.unique}`, { ports: [{ port: 80 }] });
    const { items } = await serviceApi(context).list();
    assert.ok(items.some((s) => s.metadata.uid === made.metadata.uid));
    assert.ok(items.some(({ metadata }) => metadata.namespace === 'default' && metadata.name === 'kubernetes'));
  }),

  conformanceTest('[sig-network] API Server should provide secure master service', async (context) => {
    const { spec } = await serviceApi(context).get('default/kubernetes');
    assert.ok(
      spec.ports?.some(({ name, port }) => name === 'https' && port === 443),
      'no port https, 443',
    );
  }),

  conformanceTest('[sig-network] Services should serve a basic endpoint from pods', async (context) => {
    const labels = { app: 'endpoint-test2' };
    const made = await createService(context, 'endpoint-test2', {
      selector: labels,
      ports: [{ port: 80, targetPort: 80 }],
    });
    await untilEndpoints(context, 'endpoint-test2', {});
    const ports = [{ containerPort: 80 }];
    await startServer(context, 'pod1', labels, ports);
    await untilEndpoints(context, 'endpoint-test2', { pod1: [80] });
    await startAsker(context);
    await untilServed(context, 'execpod', made);
    await startServer(context, 'pod2', labels, ports);
    await untilEndpoints(context, 'endpoint-test2', { pod1: [80], pod2: [80] });
    await untilServed(context, 'execpod', made);
    await remove(context, 'pod1');
    await untilEndpoints(context, 'endpoint-test2', { pod2: [80] });
    await untilServed(context, 'execpod', made);
    await remove(context, 'pod2');
    await untilEndpoints(context, 'endpoint-test2', {});
  }),

  conformanceTest('[sig-network] Services should serve multiport endpoints from pods', async (context) => {
    const labels = { app: 'multi-endpoint-test' };
    const made = await createService(context, 'multi-endpoint-test', {
      selector: labels,
      ports: [
        { name: 'portname1', port: 80, targetPort: 'svc1' },
        { name: 'portname2', port: 81, targetPort: 'svc2' },
      ],
    });
    await untilEndpoints(context, 'multi-endpoint-test', {});
    const [first, second] = [
      { name: 'svc1', containerPort: 100 },
      { name: 'svc2', containerPort: 101 },
    ];
    await startServer(context, 'pod1', labels, [first]);
    await untilEndpoints(context, 'multi-endpoint-test', { pod1: [100] });
    await startServer(context, 'pod2', labels, [second]);
    await untilEndpoints(context, 'multi-endpoint-test', { pod1: [100], pod2: [101] });
    await startAsker(context);
    await untilServed(context, 'execpod', made);
    await remove(context, 'pod1');
    await untilEndpoints(context, 'multi-endpoint-test', { pod2: [101] });
    await remove(context, 'pod2');
    await untilEndpoints(context, 'multi-endpoint-test', {});
  }),

  conformanceTest(
    '[sig-network] Services should serve endpoints on same port and different protocols',
    async (context) => {
      const name = 'multiprotocol-test';
      const labels = { app: name };
      const [tcp, udp] = [
        { name: 'tcp-port', containerPort: 80, protocol: 'TCP' as const },
        { name: 'udp-port', containerPort: 80, protocol: 'UDP' as const },
      ];
      const [tcpPort, udpPort] = [
        { name: 'tcp-port', port: 80, protocol: 'TCP', targetPort: 80 },
        { name: 'udp-port', port: 80, protocol: 'UDP', targetPort: 80 },
      ] as const;
      const made = await createService(context, name, { selector: labels, ports: [tcpPort] });
      await startPod(
        context,
        'pod1',
        {
          terminationGracePeriodSeconds: 0,
          containers: [{ ...testhost('netexec', '--http-port=80', '--udp-port=80'), ports: [tcp, udp] }],
        },
        { labels },
      );
      await untilEndpoints(context, name, { pod1: [80] });
      await startAsker(context);
      await untilServed(context, 'execpod', made);

      const both = await changeService(context, name, (spec) => ({ ...spec, ports: [...(spec.ports ?? []), udpPort] }));
      await untilEndpoints(context, name, { pod1: [80, 80] });
      await untilServed(context, 'execpod', both);
      await untilReached(context, 'execpod', both.spec.clusterIP ?? '', 80, 'UDP');

      const onlyUdp = await changeService(context, name, (spec) => ({
        ...spec,
        ports: (spec.ports ?? []).filter(({ protocol }) => protocol === 'UDP'),
      }));
      await untilEndpoints(context, name, { pod1: [80] });
      await untilServed(context, 'execpod', onlyUdp);
    },
  ),

  conformanceTest('[sig-network] Services should be able to create a functioning NodePort service', async (context) => {
    const made = await createService(context, 'nodeport-test', {
      type: 'NodePort',
      selector: { name: 'nodeport-test' },
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 9376 }],
    });
    await serveHostnames(context, 'nodeport-test', 2);
    await startAsker(context);
    await untilServed(context, 'execpod', made);
  }),
];
