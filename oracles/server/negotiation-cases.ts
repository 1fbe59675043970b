import type { Scenario } from './scenario.ts';

export const negotiation: readonly Scenario[] = [{
  name: 'accept',
  async run({ namespace, ask, quietly }) {
    const widgets = `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
    await quietly('POST', widgets, { body: { apiVersion: 'oracle.dev/v1', kind: 'Widget', metadata: { name: 'a' } } });
    for (const accept of ACCEPTS) {
      for (const path of [`${widgets}/a`, widgets, '/apis/oracle.dev/v1', `${widgets}/none`]) await ask('GET', path, { headers: { accept } });
    }
  },
}];

const ACCEPTS = ['application/json', '*/*', 'application/*', 'text/html'];
