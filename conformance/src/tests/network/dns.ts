import assert from 'node:assert/strict';
import { service } from '@navarch/api';
import { conformanceTest } from '../../conformance-test.ts';
import { outputOf, shell } from '../../pods.ts';

export const dnsTests = [
  conformanceTest('[sig-network] DNS should provide DNS for the cluster', async (context) => {
    const kubernetes = await context.api.of(service).get('default/kubernetes');
    const output = await outputOf(context, 'asking', { containers: [shell('nslookup kubernetes.default.svc.cluster.local')] });
    assert.ok(output.includes(kubernetes.spec.clusterIP ?? 'no cluster IP'), output);
  }),

  conformanceTest('[sig-network] DNS should provide /etc/hosts entries for the cluster', async (context) => {
    const output = await outputOf(context, 'asking', { hostname: 'box', subdomain: 'boxes', containers: [shell('cat /etc/hosts; hostname -i')] });
    const name = `box.boxes.${context.namespace}.svc.cluster.local`;
    const line = output.split('\n').find((l) => l.includes(name)) ?? '';
    assert.match(line, new RegExp(`^\\S+\\t${name.replaceAll('.', '\\.')}\\tbox$`));
  }),
];
