import assert from 'node:assert/strict';
import { manifest, settings } from './manifests.ts';
import { includes, lines, step } from './step.ts';
import { gone, startWeb } from './web.ts';

/** What stands below each other is as wide as what is widest. */
const narrow = (text: string): string => text.replaceAll(/ {3,}/g, '  ');

/** Applications rolled out, waited for and deleted. */
export const running = [
  step('rollouts: status, history, undo, restart, pause', async (kubectl) => {
    const { ok, fails } = kubectl;
    await startWeb(kubectl);
    assert.equal(await ok(['set', 'image', 'deploy/web', 'main=i:2']), 'deployment.apps/web image updated\n');
    includes(await ok(['rollout', 'status', 'deploy/web', '--timeout=60s']), 'successfully rolled out');
    includes(await ok(['rollout', 'history', 'deploy/web']), 'REVISION', '2 ');
    includes(await ok(['rollout', 'history', 'deploy/web', '--revision=1']), 'i:1');
    includes(await ok(['rollout', 'undo', 'deploy/web']), 'rolled back');
    await ok(['rollout', 'status', 'deploy/web', '--timeout=60s']);
    assert.equal(await ok(['get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}']), 'i:1');
    includes(await ok(['rollout', 'restart', 'deploy/web']), 'restarted');
    includes(await ok(['rollout', 'pause', 'deploy/web']), 'paused');
    includes(await fails(['rollout', 'restart', 'deploy/web']), "can't restart paused deployment");
    includes(await ok(['rollout', 'resume', 'deploy/web']), 'resumed');
    await ok(['set', 'env', 'deploy/web', 'A=b']);
    await ok(['set', 'resources', 'deploy/web', '--requests=cpu=10m']);
    await ok(['rollout', 'status', 'deploy/web', '--timeout=60s']);
    const described = await ok(['describe', 'deploy', 'web']);
    assert.match(described, /\n\s+A:\s+b\n/);
    includes(described, '10m', 'NewReplicaSet:');
  }),
  step('scale, autoscale, expose, run, events, taint and drain', async (kubectl) => {
    const { ok, fails } = kubectl;
    await startWeb(kubectl);
    assert.equal(await ok(['scale', 'deploy/web', '--replicas=3']), 'deployment.apps/web scaled\n');
    includes(
      await fails(['scale', 'deploy/web', '--current-replicas=9', '--replicas=1']),
      'Expected replicas to be 9, was 3',
    );
    includes(await ok(['autoscale', 'deploy/web', '--min=1', '--max=3', '--cpu-percent=50']), 'autoscaled');
    assert.match(await ok(['get', 'hpa']), /web\s+Deployment\/web\s+cpu: <unknown>\/50%\s+1\s+3/);
    assert.equal(await ok(['expose', 'deploy/web', '--port=80']), 'service/web exposed\n');
    assert.match(await ok(['get', 'svc', 'web']), /web\s+ClusterIP\s+\S+\s+<none>\s+80\/TCP/);
    assert.equal(await ok(['run', 'single', '--image=i', '--restart=Never', '--labels=a=b']), 'pod/single created\n');
    await ok(['wait', '--for=condition=Ready', 'pod/single', '--timeout=60s']);
    assert.match(await ok(['get', 'pod', 'single']), /single\s+1\/1\s+Running\s+0/);
    includes(await ok(['events', '--for=pod/single']), 'Scheduled');
    includes(await ok(['get', 'events', '--field-selector=involvedObject.name=single']), 'pod/single');
    const node = (await ok(['get', 'node', '-o', 'name'])).split('\n')[0]?.replace('node/', '') ?? '';
    includes(await ok(['cordon', node]), 'cordoned');
    assert.match(await ok(['get', 'node', node]), /Ready,SchedulingDisabled/);
    includes(await ok(['uncordon', node]), 'uncordoned');
    includes(await ok(['taint', 'node', node, 'k=v:PreferNoSchedule']), 'tainted');
    includes(await ok(['taint', 'node', node, 'k-']), 'untainted');
  }),
  step('a pod that fits nowhere, as describe and events tell of it, and then somewhere', async (kubectl) => {
    const { ok, start, namespace } = kubectl;
    const node = (await ok(['get', 'node', '-o', 'name'])).trim().replace('node/', '');
    const podOf = (name: string, cpu: string, more: object = {}): object => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { ...more, containers: [{ name: 'main', image: 'i', resources: { requests: { cpu } } }] },
    });
    const homeless = podOf('homeless', '10m', { nodeSelector: { 'example.com/only': 'there' } });
    await ok(['create', '-f', '-'], manifest(homeless, podOf('giant', '10k')));
    await ok(['wait', '--for=condition=PodScheduled=false', 'pod/homeless', 'pod/giant', '--timeout=60s']);
    const events = start(['get', 'events', '--watch']);
    try {
      await events.until(/FailedScheduling +pod\/homeless/);
      await events.until(/FailedScheduling +pod\/giant/);
      assert.match(await ok(['get', 'pod', 'homeless']), /\nhomeless +0\/1 +Pending +0 +\S+\n$/);
      const inVain = 'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.';
      const unselected = `0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. ${inVain}`;
      includes(
        narrow(await ok(['describe', 'pod', 'homeless'])),
        'Node:  <none>\n',
        'Status:  Pending\n',
        'PodScheduled  False \n',
        `default-scheduler  ${unselected}\n`,
      );
      includes(
        narrow(await ok(['get', 'events'])),
        `Warning  FailedScheduling  pod/homeless  ${unselected}\n`,
        `Warning  FailedScheduling  pod/giant  0/1 nodes are available: 1 Insufficient cpu. ${inVain}\n`,
      );
      await ok(['label', 'node', node, 'example.com/only=there']);
      await ok(['wait', '--for=condition=Ready', 'pod/homeless', '--timeout=60s']);
      await events.until(/Scheduled +pod\/homeless +Successfully assigned/);
      const [first = '', then = ''] = lines(
        narrow(await ok(['describe', 'pod', 'homeless'])).split('----  -------\n')[1] ?? '',
      );
      assert.match(first, /^ {2}Warning {2}FailedScheduling .* default-scheduler {2}0\/1 nodes are available/);
      assert.match(then, /^ {2}Normal {2}Scheduled {2}\S+ {2}default-scheduler {2}Successfully assigned/);
      assert.ok(then.endsWith(` ${namespace}/homeless to ${node}`), then);
    } finally {
      await events.stop();
      await ok(['label', 'node', node, 'example.com/only-']);
    }
  }),
  step('delete with each cascade', async (kubectl) => {
    const { ok } = kubectl;
    const replicaSets = async (): Promise<readonly string[]> =>
      lines(await ok(['get', 'rs', '-l', 'app=web', '-o', 'name']));
    for (const cascade of ['background', 'foreground'] as const) {
      await startWeb(kubectl, 1);
      assert.equal((await replicaSets()).length, 1);
      includes(await ok(['delete', 'deploy', 'web', `--cascade=${cascade}`]), 'deployment.apps "web" deleted');
      await gone(kubectl, 'rs', '-l', 'app=web');
      await gone(kubectl, 'pod', '-l', 'app=web');
    }
    await startWeb(kubectl, 1);
    await ok(['delete', 'deploy', 'web', '--cascade=orphan']);
    const [orphan = ''] = await replicaSets();
    assert.equal(await ok(['get', orphan, '-o', 'jsonpath={.metadata.ownerReferences}']), '');
    await ok(['delete', orphan, '--cascade=orphan']);
    assert.equal(lines(await ok(['get', 'pod', '-l', 'app=web', '-o', 'name'])).length, 1);
    includes(await ok(['delete', 'pod', '-l', 'app=web', '--grace-period=0', '--force']), 'force deleted');
  }),
  step('delete of many, of files, of none', async (kubectl) => {
    const { ok, fails } = kubectl;
    const text = manifest(settings('a', {}), settings('b', {}));
    await ok(['create', '-f', '-'], text);
    includes(await ok(['delete', '-f', '-', '--dry-run=server'], text), 'configmap "a" deleted', '(server dry run)');
    includes(await ok(['delete', '-f', '-'], text), 'configmap "a" deleted', 'configmap "b" deleted');
    includes(await fails(['delete', 'cm', 'a']), 'NotFound');
    assert.equal(await ok(['delete', 'cm', 'a', '--ignore-not-found']), '');
    await ok(['create', '-f', '-'], text);
    await ok(['delete', 'cm', '--all', '--wait=false']);
    await gone(kubectl, 'cm/a', 'cm/b');
  }),
];
