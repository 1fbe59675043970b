import {
  addressOf,
  endpointSlice,
  node,
  type Pod,
  pod,
  replicationController,
  type Service,
  service,
} from '@navarch/api';
import type { TestContext } from '../../conformance-test.ts';
import { execute } from '../../exec.ts';
import { startPod } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';

/** How long a change may take to reach every node's rules. */
export const REACH_MS = 120_000;

/** A pod from which others are asked. */
export const startAsker = (context: TestContext, name = 'execpod'): Promise<Pod> =>
  startPod(context, name, { terminationGracePeriodSeconds: 0, containers: [testhost()] });

/** Runs a line of shell in the pod until what it writes is as wanted; gives that. A command that fails is tried again. */
export async function untilSays(
  context: TestContext,
  from: string,
  line: string,
  isIt: (output: string) => boolean = (output) => output.trim() !== '',
  timeoutMs = REACH_MS,
): Promise<string> {
  let output = '';
  await until(context, `the answer to ${line}`, timeoutMs, async () => {
    const { stdout, stderr, code } = await execute(context, from, ['/bin/sh', '-c', line]);
    output = stdout;
    if (code === 0 && isIt(stdout)) return true;
    context.log(`${line} in ${from}: ${code} ${JSON.stringify(stdout)} ${JSON.stringify(stderr)}`);
    return false;
  });
  return output;
}

/** Says a word to a port and wants any answer. */
export const untilReached = (
  context: TestContext,
  from: string,
  host: string,
  port: number,
  protocol = 'TCP',
): Promise<string> =>
  untilSays(context, from, `echo hostName | nc -v ${protocol === 'UDP' ? '-u' : '-t'} -w 2 ${host} ${port}`);

/** Every way to every port of the service answers: its name, its address, its endpoints and, where it has them, its ports on nodes. */
export async function untilServed(context: TestContext, from: string, { metadata, spec }: Service): Promise<void> {
  for (const { port, protocol, nodePort } of spec.ports ?? []) {
    await untilReached(context, from, metadata.name, port, protocol);
    if (spec.clusterIP !== 'None') await untilReached(context, from, spec.clusterIP ?? '', port, protocol);
    if (nodePort === undefined) continue;
    for (const { address } of await nodeAddresses(context))
      await untilReached(context, from, address, nodePort, protocol);
  }
}

/** The addresses of nodes that take pods. */
export async function nodeAddresses(
  context: TestContext,
): Promise<readonly { readonly name: string; readonly address: string }[]> {
  const { items } = await context.api.of(node).list();
  return items
    .filter(({ spec }) => !spec.unschedulable)
    .map((n) => ({ name: n.metadata.name, address: addressOf(n, 'InternalIP') ?? '' }));
}

/** Pods that say their names, kept up by a ReplicationController, all of them ready. */
export async function serveHostnames(
  context: TestContext,
  name: string,
  replicas: number,
  ...args: readonly string[]
): Promise<readonly Pod[]> {
  const labels = { name };
  await context.api.of(replicationController).create({
    metadata: { name, namespace: context.namespace },
    spec: {
      replicas,
      selector: labels,
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ ...testhost('serve-hostname', ...args), ports: [{ containerPort: 9376 }] }],
        },
      },
    },
  });
  let pods: readonly Pod[] = [];
  await until(context, `${replicas} pods of ${name} running`, 300_000, async () => {
    pods = (
      await context.api.of(pod).list({ namespace: context.namespace, labelSelector: `name=${name}` })
    ).items.filter((p) => p.status.phase === 'Running');
    return pods.length === replicas;
  });
  return pods;
}

export const createService = (
  context: TestContext,
  name: string,
  spec: Parameters<ReturnType<typeof serviceApi>['create']>[0]['spec'],
  labels: Readonly<Record<string, string>> = {},
): Promise<Service> => serviceApi(context).create({ metadata: { name, namespace: context.namespace, labels }, spec });

export const serviceApi = (context: TestContext) => context.api.of(service);

/** Changes the spec of a service of the test. */
export const changeService = (
  context: TestContext,
  name: string,
  change: (spec: Service['spec']) => Service['spec'],
): Promise<Service> =>
  serviceApi(context).update(`${context.namespace}/${name}`, (current) => ({ ...current, spec: change(current.spec) }));

/** Waits until the slices of the service lead to just these pods' ports: pod name -> numbers. */
export async function untilEndpoints(
  context: TestContext,
  name: string,
  wanted: Readonly<Record<string, readonly number[]>>,
): Promise<void> {
  const sorted = (of: Readonly<Record<string, readonly number[]>>): string =>
    JSON.stringify(
      Object.entries(of)
        .map(([pod, ports]) => [pod, ports.toSorted((a, b) => a - b)])
        .sort(),
    );
  let seen = '';
  await until(context, `endpoints ${sorted(wanted)} of ${name}, not ${seen}`, REACH_MS, async () => {
    const { items } = await context.api
      .of(endpointSlice)
      .list({ namespace: context.namespace, labelSelector: `kubernetes.io/service-name=${name}` });
    const found: Record<string, number[]> = {};
    for (const { endpoints, ports } of items) {
      for (const { targetRef, conditions } of endpoints ?? []) {
        if (conditions.ready === false) continue;
        (found[targetRef?.name ?? ''] ??= []).push(...(ports ?? []).flatMap(({ port }) => port ?? []));
      }
    }
    seen = sorted(found);
    return seen === sorted(wanted);
  });
}
