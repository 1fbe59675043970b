import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod as podKind, type Pod } from '@navarch/api';
import { prometheusText } from '@navarch/base';
import { objectsOf, podOf } from '../testing/builders.ts';
import { podResourceMetrics } from './pod-resources.ts';

const shown = (...pods: readonly Pod[]): readonly string[] =>
  prometheusText(podResourceMetrics.families(objectsOf([podKind, pods])))
    .split('\n')
    .filter((line) => !line.startsWith('#') && line !== '');

test('each pod shows what it asks for and may have of each resource, under upstream’s labels', () => {
  const containers = [
    {
      name: 'c',
      image: 'i',
      resources: {
        requests: { cpu: '250m', memory: '1Gi', 'hugepages-2Mi': '4Mi', 'a.b/gpu': '2', 'ephemeral-storage': '0' },
        limits: { memory: '2Gi' },
      },
    },
  ];
  const spec = {
    containers,
    nodeName: 'n1',
    schedulerName: 'default-scheduler',
    priority: 7,
    overhead: { cpu: '250m', memory: '1Mi' },
  };
  const of = (name: string, more: object = {}): Pod =>
    podOf(name, { spec: { ...spec, ...more } as unknown as Pod['spec'] });
  const labels = (resource: string, unit: string): string =>
    `{namespace="default",node="n1",pod="p",priority="7",resource="${resource}",scheduler="default-scheduler",unit="${unit}"}`;
  assert.deepEqual(shown(of('p')), [
    `kube_pod_resource_limit${labels('memory', 'bytes')} 2.148532224e+09`,
    `kube_pod_resource_request${labels('a.b/gpu', '')} 2`,
    `kube_pod_resource_request${labels('cpu', 'cores')} 0.5`,
    `kube_pod_resource_request${labels('hugepages-2Mi', 'bytes')} 4.194304e+06`,
    `kube_pod_resource_request${labels('memory', 'bytes')} 1.0747904e+09`,
  ]);
});

test('a pod that waits shows no node, and one that has ended nothing', () => {
  assert.deepEqual(shown(podOf('p', { cpu: '2' }), podOf('q', { status: { phase: 'Succeeded' } })), [
    'kube_pod_resource_request{namespace="default",node="",pod="p",priority="",resource="cpu",scheduler="",unit="cores"} 2',
  ]);
});
