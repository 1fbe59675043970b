import type { Client, Scenario } from './scenario.ts';

const META = 'g=meta.k8s.io';

const ACCEPTS = [
  'application/json',
  '*/*',
  'application/*',
  '*',
  'text/html',
  'text/*',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
  'application/cbor, application/json',
  'application/json;q=0.1,application/yaml',
  'application/yaml;q=0,application/json;q=0.5',
  'application/json;q=abc',
  'application/json;q=2',
  'application/json;q=-1',
  'application/json;charset=utf-8',
  'application/json; pretty=1',
  'application/json;pretty=true',
  'APPLICATION/JSON',
  'application',
  '/',
  ',',
  ';',
  'application/json,',
  'application/json/x',
  ' application/json ',
  'text/html,application/json',
  'text/html, */*;q=0.1',
  'application/vnd.kubernetes.protobuf,application/json',
  'application/vnd.kubernetes.protobuf;type=v1',
  'application/json;stream=watch',
  'application/json;stream=other',
  'application/xml;q=0.9,*/*;q=0.8',
  '',
  ...['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList', 'Other', '', 'Status'].flatMap((as) =>
    ['v1', 'v1beta1', 'v2', ''].map((v) => `application/json;as=${as};v=${v};${META}`),
  ),
  `application/json;as=Table;v=v1`,
  `application/json;as=Table;${META}`,
  `application/json;v=v1;${META}`,
  'application/json;as=Table',
  `application/json;as=Table;v=v1;g=other`,
  `application/yaml;as=Table;v=v1;${META}`,
  `application/yaml;as=PartialObjectMetadata;v=v1;${META}`,
  `application/json;as=Table;v=v2;${META},application/json;as=Table;v=v1;${META},application/json`,
  `application/vnd.kubernetes.protobuf;as=Table;v=v1;${META}`,
  `application/vnd.kubernetes.protobuf;as=Table;v=v1;${META},application/json`,
  `application/json;as=Table;v=v1;${META};pretty=1`,
  'application/json;v=v1',
  'application/json;g=meta.k8s.io',
  'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
];

const pathsOf = (namespace: string): readonly string[] => {
  const widgets = `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
  return [
    `${widgets}/a`,
    widgets,
    `${widgets}/a/status`,
    `${widgets}/a/scale`,
    `${widgets}/none`,
    '/apis/oracle.dev/v1',
    '/apis/oracle.dev',
  ];
};

async function makeTwo({ namespace, quietly }: Client): Promise<void> {
  for (const name of ['a', 'b']) {
    await quietly('POST', `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`, {
      body: {
        apiVersion: 'oracle.dev/v1',
        kind: 'Widget',
        metadata: { name, labels: { n: name } },
        spec: { name: 'x' },
      },
    });
  }
}

const asTable = `application/json;as=Table;v=v1;${META}`;

export const negotiation: readonly Scenario[] = [
  {
    name: 'accept',
    async run(client) {
      await makeTwo(client);
      for (const accept of ACCEPTS)
        for (const path of pathsOf(client.namespace)) await client.ask('GET', path, { headers: { accept } });
    },
  },
  {
    name: 'accept of what is typed',
    async run({ ask }) {
      // Protobuf is compared elsewhere: bytes of uids and times are not the same in two servers.
      for (const accept of ACCEPTS.filter((text) => !/protobuf(?!;as)/.test(text))) {
        for (const path of [
          '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/none',
          '/apis/apiextensions.k8s.io/v1',
          '/apis/apiextensions.k8s.io',
        ])
          await ask('GET', path, { headers: { accept } });
      }
    },
  },
  {
    name: 'pretty and tables',
    async run(client) {
      const { namespace, ask } = client;
      await makeTwo(client);
      for (const pretty of ['true', 'false', '1', '0', 't', 'f', 'yes', 'TRUE', 'True', '', 'x'])
        for (const path of pathsOf(namespace)) await ask('GET', `${path}?pretty=${pretty}`);
      for (const agent of ['curl/7.0', 'Wget/1', 'Mozilla/5.0 (X11)', 'kubectl/v1.37', 'acurl'])
        for (const path of pathsOf(namespace)) await ask('GET', path, { headers: { 'user-agent': agent } });
      for (const includeObject of ['None', 'Metadata', 'Object', '', 'none', 'Other']) {
        for (const path of pathsOf(namespace))
          await ask('GET', `${path}?includeObject=${includeObject}`, { headers: { accept: asTable } });
      }
      await ask('GET', `${pathsOf(namespace)[1]}?limit=1`, { headers: { accept: asTable } });
      await ask('GET', `${pathsOf(namespace)[1]}?limit=1`, {
        headers: { accept: `application/json;as=PartialObjectMetadataList;v=v1;${META}` },
      });
      await ask('GET', `${pathsOf(namespace)[1]}?limit=1`);
      await ask('POST', pathsOf(namespace)[1] as string, {
        headers: { accept: asTable },
        body: { apiVersion: 'oracle.dev/v1', kind: 'Widget', metadata: { name: 'c' } },
      });
      await ask('PUT', `${pathsOf(namespace)[1]}/c`, {
        headers: { accept: `application/json;as=PartialObjectMetadata;v=v1;${META}` },
        body: { apiVersion: 'oracle.dev/v1', kind: 'Widget', metadata: { name: 'c', resourceVersion: '1' } },
      });
      await ask('PATCH', `${pathsOf(namespace)[1]}/c`, {
        headers: { accept: `application/json;as=PartialObjectMetadata;v=v1;${META}` },
        type: 'application/merge-patch+json',
        body: { metadata: { labels: { x: 'y' } } },
      });
      await ask('PATCH', `${pathsOf(namespace)[1]}/c`, {
        headers: { accept: 'text/html' },
        type: 'application/merge-patch+json',
        body: { metadata: { labels: { x: 'z' } } },
      });
      await ask('GET', `${pathsOf(namespace)[1]}/c`);
      await ask('DELETE', `${pathsOf(namespace)[1]}/c`, { headers: { accept: asTable } });
      await ask('DELETE', `${pathsOf(namespace)[1]}/b`, {
        headers: { accept: `application/json;as=PartialObjectMetadata;v=v1;${META}` },
      });
      await ask('DELETE', pathsOf(namespace)[1] as string, { headers: { accept: asTable } });
    },
  },
  {
    name: 'content types',
    async run({ namespace, ask }) {
      const widgets = `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
      const body = { apiVersion: 'oracle.dev/v1', kind: 'Widget', metadata: { generateName: 'g-' } };
      for (const type of TYPES) {
        await ask('POST', `${widgets}?dryRun=All`, { body: { ...body, metadata: { name: 'a' } }, type });
        await ask('PUT', `${widgets}/a`, { body: { ...body, metadata: { name: 'a' } }, type });
        await ask('PATCH', `${widgets}/a`, { body: { metadata: { labels: { a: 'b' } } }, type });
        await ask('DELETE', `${widgets}/a`, { body: { kind: 'DeleteOptions', apiVersion: 'v1' }, type });
        await ask('DELETE', widgets, { body: { kind: 'DeleteOptions', apiVersion: 'v1' }, type });
        await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All', {
          body: { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'x' } },
          type,
        });
        await ask('PATCH', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/none', {
          body: { metadata: { labels: { a: 'b' } } },
          type,
        });
      }
    },
  },
];

const TYPES = [
  'application/json',
  'application/yaml',
  'application/json; charset=utf-8',
  'application/json;charset=latin1',
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/octet-stream',
  'text/html',
  'application',
  'x',
  ';',
  ' ',
  'APPLICATION/JSON',
  'application/*',
  '*/*',
  'application/json, application/yaml',
  'application/merge-patch+json',
  'application/json-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/apply-patch+cbor',
  'application/apply-patch+json',
  'application/merge-patch+json; charset=utf-8',
  'application/cbor',
  'application/vnd.kubernetes.protobuf',
  'application/json; =',
];
