import type { Client, Scenario } from './scenario.ts';

const collectionOf = (namespace: string): string => `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;

const widget = (name: string, labels: object = {}, spec: object = {}): object => ({
  apiVersion: 'oracle.dev/v1',
  kind: 'Widget',
  metadata: { name, labels },
  spec,
});

async function makeFive({ namespace, quietly }: Client): Promise<readonly string[]> {
  const versions: string[] = [];
  for (const [i, name] of ['a', 'b', 'c', 'd', 'e'].entries()) {
    versions.push(
      (
        await quietly('POST', collectionOf(namespace), {
          body: widget(name, { n: name, even: String(i % 2 === 0) }, { name: 'x'.repeat(i + 1), size: i }),
        })
      ).json.metadata.resourceVersion as string,
    );
  }
  return versions;
}

const SELECTORS = [
  '',
  'n=a',
  'n==a',
  'n!=a',
  'n',
  '!n',
  'n in (a,b)',
  'n notin (a,b)',
  'n in ()',
  'n in',
  '=a',
  'n=a,even=true',
  'n=a,,even=true',
  ',',
  'n=a b',
  'n>1',
  'n<x',
  'n gt 1',
  '(n)',
  'a/b/c=d',
  'A=B',
  '-a',
  'x=',
  'n=a;',
  'n in (a',
  'n = a',
  "n='a'",
  'n=%zz'.replace('%', ''),
  'x'.repeat(64),
  `n=${'x'.repeat(64)}`,
];
const FIELDS = [
  'metadata.name=a',
  'metadata.name!=a',
  'metadata.namespace=x',
  'metadata.name=a,metadata.name=b',
  'spec.name=x',
  'spec.size=2',
  'spec.size!=2',
  'spec.other=1',
  'status.phase=x',
  'metadata.uid=1',
  'a',
  'a=',
  '=a',
  'metadata.name',
  'metadata.name=a=b',
  'metadata.name=\\,',
  'metadata.name=a\\',
  ',',
  'spec.name=x,',
  'metadata.name>a',
  '',
];
const MATCHES = [undefined, '', 'Exact', 'NotOlderThan', 'exact', 'Other'] as const;

export const reading: readonly Scenario[] = [
  {
    name: 'selectors',
    async run(client) {
      await makeFive(client);
      const { namespace, ask } = client;
      for (const selector of SELECTORS)
        for (const suffix of ['', '&watch=1&timeoutSeconds=1&resourceVersion=99999999'])
          if (suffix === '' || selector !== '')
            await ask(
              'GET',
              `${collectionOf(namespace)}?labelSelector=${encodeURIComponent(selector)}${suffix === '' ? '' : suffix.replace('99999999', 'x')}`,
            );
      for (const selector of FIELDS)
        await ask('GET', `${collectionOf(namespace)}?fieldSelector=${encodeURIComponent(selector)}`);
      for (const selector of FIELDS)
        await ask('DELETE', `${collectionOf(namespace)}?dryRun=All&fieldSelector=${encodeURIComponent(selector)}`);
      for (const selector of ['spec.group=oracle.dev', 'metadata.namespace=x'])
        await ask('GET', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldSelector=${selector}&limit=1`, {
          headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
        });
    },
  },
  {
    name: 'versions of reading',
    async run(client) {
      const versions = await makeFive(client);
      const { namespace, ask } = client;
      const given = ['', '0', versions[0], versions[4], '99999999', 'x', '-1', '1.5', '18446744073709551616', '01'];
      for (const version of given) {
        await ask('GET', `${collectionOf(namespace)}/a?resourceVersion=${version}`);
        for (const match of MATCHES) {
          for (const more of [
            '',
            '&limit=2',
            '&limit=2&continue=x',
            '&limit=x',
            '&limit=-1',
            '&watch=1&timeoutSeconds=1&allowWatchBookmarks=x',
          ]) {
            if (more.includes('watch') && (match === undefined || match === '') && version !== 'x') continue;
            if (version === '99999999' && !more.includes('watch')) continue; // Both wait for it for seconds.
            await ask(
              'GET',
              `${collectionOf(namespace)}?resourceVersion=${version}${match === undefined ? '' : `&resourceVersionMatch=${match}`}${more}`,
            );
          }
        }
      }
      await ask('GET', `${collectionOf(namespace)}/a?resourceVersion=99999999`);
      await ask('GET', `${collectionOf(namespace)}?resourceVersion=99999999`);
      await ask('GET', `${collectionOf(namespace)}?resourceVersion=99999999&resourceVersionMatch=Exact`);
      await ask('GET', `${collectionOf(namespace)}?sendInitialEvents=true`);
      await ask(
        'GET',
        `${collectionOf(namespace)}?sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=1`,
      );
      const asked = ['99999999', 'x'].flatMap((version) =>
        MATCHES.map((match) =>
          ask(
            'DELETE',
            `${collectionOf(namespace)}?dryRun=All&resourceVersion=${version}${match === undefined ? '' : `&resourceVersionMatch=${match}`}`,
          ),
        ),
      );
      await Promise.all(asked);
    },
  },
  {
    name: 'pages',
    async run(client) {
      await makeFive(client);
      const { namespace, ask, quietly, side } = client;
      const list = collectionOf(namespace);
      for (const limit of ['1', '2', '4', '5', '6', '0', '-1', 'x', '1.5', '99999999999999999999'])
        await ask('GET', `${list}?limit=${limit}`);
      // Of a selection of which nothing follows we know so, and upstream does not.
      for (const selector of ['even=true']) {
        const first = await ask('GET', `${list}?limit=1&labelSelector=${selector}`);
        const token = first.json.metadata.continue as string | undefined;
        if (token) await ask('GET', `${list}?limit=1&labelSelector=${selector}&continue=${token}`);
      }
      let page = await ask('GET', `${list}?limit=2`);
      const token = page.json.metadata.continue as string;
      for (const more of [
        '&resourceVersion=1',
        '&resourceVersionMatch=Exact',
        '&resourceVersionMatch=Exact&resourceVersion=1',
        '&resourceVersionMatch=NotOlderThan&resourceVersion=0',
      ])
        await ask('GET', `${list}?limit=2&continue=${token}${more}`);
      await quietly('PUT', `${list}/e`, {
        body: {
          ...widget('e'),
          metadata: {
            name: 'e',
            resourceVersion: (await quietly('GET', `${list}/e`)).json.metadata.resourceVersion,
            labels: { later: 'yes' },
          },
        },
      });
      for (let next: string | undefined = token; next; next = page.json?.metadata?.continue as string | undefined)
        page = await ask('GET', `${list}?limit=2&continue=${next}`);
      for (const bad of [
        'x',
        'e30',
        'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIifQ',
        'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJhIn0',
        'eyJ2IjoieCJ9',
        'bnVsbA',
        '!',
        'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi9hIn0',
      ]) {
        await ask('GET', `${list}?limit=2&continue=${bad}`);
        await ask('GET', `${list}?continue=${bad}`);
      }
      await quietly('DELETE', `${list}/b`);
      await side.compact();
      await ask('GET', `${list}?limit=2&continue=${token}`);
      await ask('GET', `${list}?resourceVersion=1&resourceVersionMatch=Exact`);
      await ask('GET', `${list}?limit=1&resourceVersion=1&resourceVersionMatch=Exact`);
    },
  },
];
