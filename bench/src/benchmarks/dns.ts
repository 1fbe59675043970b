import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endpointSlice, namespace, service } from '@navarch/api';
import { type Api, httpApi } from '@navarch/client';
import { httpTransport } from '@navarch/node/client';
import { systemClock } from '@navarch/node/system';
import { startApiServerAlone } from '../harness/api-server-alone.ts';
import { type Context, defineBenchmark, type Measure } from '../harness/benchmark.ts';
import { dnsLoad } from '../harness/dns-load.ts';
import { detail, figuresOf } from '../harness/figures.ts';
import { ROOT } from '../harness/machine.ts';
import { freePorts } from '../harness/ports.ts';
import { nodeFlags } from '../harness/running-server.ts';

/** Of each sort. The API server alone has a range of 254 addresses. */
const SERVICES = 200;
const ENDPOINTS = 5;
const NAMESPACE = 'bench';
const ZONE = `${NAMESPACE}.svc.cluster.local`;

interface Load {
  readonly name: string;
  readonly names: readonly string[];
  readonly code: number;
}

const numbered = (count: number, name: (i: number) => string): readonly string[] =>
  Array.from({ length: count }, (_, i) => name(i));

const LOADS: readonly Load[] = [
  { name: 'cluster IPs', names: numbered(SERVICES, (i) => `web-${i}.${ZONE}`), code: 0 },
  { name: `headless, ${ENDPOINTS} endpoints`, names: numbered(SERVICES, (i) => `db-${i}.${ZONE}`), code: 0 },
  // What a search list costs: each name is asked for with every ending first.
  { name: 'no such name', names: numbered(SERVICES, (i) => `web-${i}.default.svc.cluster.local.${ZONE}`), code: 3 },
];

export const dns = defineBenchmark({
  name: 'dns',
  about: 'questions about 400 services over UDP, by processor time of the server',
  peer: 'CoreDNS, built from its module, with GOMAXPROCS=1 and the Corefile of a fresh cluster',
  notes: [
    'Both follow the same API server. A figure is how many questions are answered in a second of processor time of the server, all its threads together: what one core gives. Latencies are those of 32 questions at a time, seen by a client on the same machine.',
  ],
  async prepare(context) {
    const questions = context.isQuick ? 5_000 : 100_000;
    const api = await startApiServerAlone(context);
    using transport = httpTransport(api.access);
    await fill(httpApi({ transport, clock: systemClock, userAgent: 'bench' }, context.signal));
    const [port = 0, peerPort = 0] = await freePorts(2);
    const ours = context.processes.start(
      process.execPath,
      [...nodeFlags(), join(ROOT, 'bench/src/harness/dns-side.ts'), api.kubeconfig, String(port)],
      { log: join(context.dir, 'dns.log') },
    );
    const peer = context.withPeer ? await startPeer(context, api.kubeconfig, peerPort) : undefined;
    const measured =
      (at: number, pid: number, { names, code }: Load): Measure =>
      () =>
        dnsLoad({ port: at, pid, names, questions, code });
    await untilAnswering(port, ours.pid, context);
    if (peer) await untilAnswering(peerPort, peer.pid, context);
    return LOADS.flatMap((load) =>
      figuresOf({ ours: measured(port, ours.pid, load), peer: peer && measured(peerPort, peer.pid, load) }, [
        { name: load.name, unit: 'questions/core second', better: 'more', ratioGoal: 1, of: ({ figure }) => figure },
        { name: `${load.name}, p99`, unit: 'ms', better: 'less', ratioGoal: 1, of: detail('p99Ms') },
      ]),
    );
  },
});

async function fill(api: Api): Promise<void> {
  await api.of(namespace).create({ metadata: { name: NAMESPACE } });
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' as const }];
  for (let i = 0; i < SERVICES; i++) {
    await api.of(service).create({ metadata: { name: `web-${i}`, namespace: NAMESPACE }, spec: { ports } });
    await api
      .of(service)
      .create({ metadata: { name: `db-${i}`, namespace: NAMESPACE }, spec: { ports, clusterIP: 'None' } });
    await api.of(endpointSlice).create({
      metadata: { name: `db-${i}`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': `db-${i}` } },
      addressType: 'IPv4',
      ports,
      endpoints: numbered(ENDPOINTS, (n) => `10.${n}.${Math.floor(i / 250)}.${(i % 250) + 1}`).map((address) => ({
        addresses: [address],
        conditions: { ready: true },
      })),
    });
  }
}

async function startPeer(
  { processes, dir, say, signal }: Context,
  kubeconfig: string,
  port: number,
): Promise<{ readonly pid: number }> {
  const folder = join(dir, 'coredns');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'coredns');
  say('building CoreDNS: a minute the first time ...');
  await processes.run('go', ['build', '-o', program, '.'], { cwd: join(ROOT, 'oracles/dns') }, signal);
  const corefile = `.:${port} {
  bind 127.0.0.1
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 30
  }
  prometheus 127.0.0.1:${(await freePorts(1))[0]}
  cache 30 {
    disable success cluster.local
    disable denial cluster.local
  }
  loadbalance
}
`;
  writeFileSync(join(folder, 'Corefile'), corefile);
  const args = ['-conf', join(folder, 'Corefile'), '-quiet'];
  return processes.start(program, args, { env: { GOMAXPROCS: '1' }, log: join(dir, 'coredns.log') });
}

const PATIENCE_MS = 30_000;

async function untilAnswering(port: number, pid: number, { signal }: Context): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  const names = LOADS.slice(0, 2).flatMap((load) => load.names);
  for (;;) {
    try {
      await dnsLoad({ port, pid, names, questions: names.length, code: 0 });
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(100, undefined, { signal });
    }
  }
}
