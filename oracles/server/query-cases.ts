import type { Scenario } from './scenario.ts';

const LONG = 'x'.repeat(64);
const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What may stand behind the question mark of a read. Written as it is sent. */
const READS: readonly string[] = [
  ...['x', '-1', '1.5', '99999999999999999999', '', '0', '+1', '01', '1e3', '%201'].map((limit) => `limit=${limit}`),
  'limit=1&limit=x',
  'limit=x&limit=1',
  ...[
    'x',
    '',
    '====',
    token({}),
    token('x'),
    token({ v: 'meta.k8s.io/v1' }),
    token({ v: 'meta.k8s.io/v1', rv: 1 }),
    token({ v: 'meta.k8s.io/v1', rv: 1, start: '../x' }),
    token({ v: 'meta.k8s.io/v2', rv: 1, start: 'a' }),
    token({ v: 'meta.k8s.io/v1', rv: 'x', start: 'a' }),
    token({ v: 'meta.k8s.io/v1', rv: 1.5, start: 'a' }),
    token({ v: 'meta.k8s.io/v1', rv: 99999999, start: 'a\u0000' }),
  ].map((text) => `continue=${text}&limit=1`),
  `continue=${token({ v: 'meta.k8s.io/v1', rv: -1, start: 'a\u0000' })}&resourceVersion=1`,
  ...['x', '-1', '0', '00', '1.0', '18446744073709551615', '18446744073709551616', '%201', '99999999'].flatMap(
    (version) => [
      `resourceVersion=${version}`,
      `resourceVersion=${version}&resourceVersionMatch=Exact`,
      `resourceVersion=${version}&resourceVersionMatch=NotOlderThan`,
    ],
  ),
  'resourceVersionMatch=x',
  'resourceVersionMatch=exact&resourceVersion=1',
  'resourceVersionMatch=Exact',
  ...[
    'a in (',
    'a in ()',
    'a in (b,)',
    'a=b=c',
    ',',
    '!a',
    '!',
    'a b',
    'a/b/c=d',
    'a=b c',
    `a=${LONG}`,
    `${LONG}=a`,
    'a>1',
    'a>x',
    'a<1',
    'a notin (b)',
    'a!=b,c',
    '=a',
    'a==b',
    'a in (b) c',
    'é=a',
    '()',
    ' ',
  ].map((selector) => `labelSelector=${encodeURIComponent(selector)}`),
  ...[
    'metadata.name',
    'x=y',
    'metadata.name=a,metadata.name=b',
    'metadata.name!=a',
    'metadata.name==a',
    'metadata.name in (a)',
    'spec.name=a',
    'metadata.namespace=x',
    'metadata.uid=x',
    'metadata.name=',
    'metadata.name=..',
    '=a',
    ',',
    'metadata.name=a\\',
    'metadata.name=a\\,b',
    'metadata.name>a',
  ].map((selector) => `fieldSelector=${encodeURIComponent(selector)}`),
  ...['x', '1', '-1s', '0', '0s', '1s', '1h', '1d', '.5s', '1s1', '1ss', '5m3s', '99999999999h', '+1s', ''].map(
    (time) => `timeout=${encodeURIComponent(time)}`,
  ),
  ...['x', '-1', '1.5', '', '0'].map((time) => `timeoutSeconds=${time}`),
  ...['0', 'false', 'False', 'FALSE'].map((flag) => `watch=${flag}`),
  'allowWatchBookmarks=x',
  'sendInitialEvents=true',
  'sendInitialEvents=x',
  'sendInitialEvents=',
  'watch=1&timeoutSeconds=1&sendInitialEvents=true',
  'watch=1&timeoutSeconds=1&resourceVersionMatch=NotOlderThan',
  'watch=1&timeoutSeconds=1&resourceVersion=x',
  'watch=1&timeoutSeconds=1&resourceVersion=99999999&resourceVersionMatch=NotOlderThan&sendInitialEvents=true',
  'watch=1&timeoutSeconds=1&labelSelector=a%20b',
  'watch=1&timeoutSeconds=1&fieldSelector=x%3Dy',
  'watch=1&timeoutSeconds=x',
  'watch=1&timeoutSeconds=1&continue=x',
  'watch=1&timeoutSeconds=1&limit=x',
  ...['x', '1', 'true', '0', 'false', ''].map((flag) => `pretty=${flag}`),
  'dryRun=x',
  'fieldManager=x',
  'fieldValidation=x',
  'propagationPolicy=x',
  'unknown=1',
  '=',
  '&',
  '%zz=1',
  'limit=%zz',
  'export=true&exact=true',
  'kind=x&apiVersion=y',
];

const WRITES: readonly string[] = [
  ...['All', 'all', 'x', '', 'All,All', 'true'].map((value) => `dryRun=${value}`),
  'dryRun=All&dryRun=All',
  'dryRun=All&dryRun=',
  'dryRun=All&dryRun=x',
  ...['Strict', 'Warn', 'Ignore', 'strict', 'x', ''].map((value) => `dryRun=All&fieldValidation=${value}`),
  'dryRun=All&fieldValidation=Strict&fieldValidation=x',
  ...['m', '', 'x'.repeat(128), 'x'.repeat(129), 'a%20b', 'a%0Ab', '%C3%A9', '%FF'].map(
    (value) => `dryRun=All&fieldManager=${value}`,
  ),
  'dryRun=x&fieldValidation=y&fieldManager=%00',
  ...['x', '1s', '-1s', '1'].map((value) => `dryRun=All&timeout=${value}`),
  ...['1', '0', 'x'].map((value) => `dryRun=All&pretty=${value}`),
  'dryRun=All&force=true',
  'dryRun=All&force=x',
  'dryRun=All&unknown=1',
  'dryRun=All&resourceVersion=1',
  'dryRun=All&limit=x',
  'dryRun=All&labelSelector=a%20b',
];

/** Those who may act as somebody may do anything there, and not here: what is compared is mostly who cannot be meant. */
const ACTING: readonly Readonly<Record<string, string>>[] = [
  { 'impersonate-user': '' },
  { 'impersonate-group': 'g' },
  { 'impersonate-uid': 'u' },
  { 'impersonate-extra-scopes': 's' },
  { 'impersonate-extra-A%2Fb': 's' },
  { 'impersonate-extra-%zz': 's' },
  { 'impersonate-extra-': 's' },
  { 'impersonate-extra-a': 's', 'impersonate-extra-b': 't', 'impersonate-group': 'g' },
  { 'impersonate-user': 'eve', 'impersonate-group': 'system:masters' },
];

const head = { apiVersion: 'oracle.dev/v1', kind: 'Widget' } as const;
const AT_ONCE = 8;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export const queries: readonly Scenario[] = [
  {
    name: 'queries of reads',
    async run({ namespace, ask, quietly }) {
      const list = `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
      for (const name of ['a', 'b']) await quietly('POST', list, { body: { ...head, metadata: { name } } });
      const reads = (query: string): readonly Promise<unknown>[] => [
        ask('GET', `${list}?${query}`),
        ask('GET', `${list}/a?${query}`),
        // Definitions that are there are another thing for either server; of what is refused all is compared.
        ask('GET', `${DEFINITIONS}?labelSelector=none%3Dnone&${query}`),
        ask('GET', `${DEFINITIONS}/none?${query}`),
      ];
      // Several at once: for a version that has not come yet both wait for seconds.
      for (let i = 0; i < READS.length; i += AT_ONCE) await Promise.all(READS.slice(i, i + AT_ONCE).flatMap(reads));
    },
  },
  {
    name: 'queries of writes',
    async run({ namespace, ask, quietly }) {
      const list = `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
      const made = (await quietly('POST', list, { body: { ...head, metadata: { name: 'a' } } })).json;
      const type = 'application/merge-patch+json';
      const spec = { name: 'x', unknown: 1 };
      const definition = { metadata: { name: 'none.oracle.dev' }, spec: { unknown: 1 } };
      for (const query of WRITES) {
        const isWet = !/dryRun=All(?:&|$)/.test(query);
        await ask('POST', `${list}?${query}`, { body: { ...head, metadata: { name: 'b' }, spec } });
        if (isWet) await quietly('DELETE', `${list}/b`);
        await ask('PUT', `${list}/a?${query}`, {
          body: { ...made, metadata: { ...made.metadata, resourceVersion: '1' }, spec },
        });
        await ask('PATCH', `${list}/a?${query}`, { type, body: { spec } });
        await ask('DELETE', `${list}/none?${query}`);
        await ask('POST', `${DEFINITIONS}?${query}`, { body: definition });
        await ask('PATCH', `${DEFINITIONS}/none?${query}`, { type, body: {} });
      }
    },
  },
  {
    name: 'acting as others',
    async run({ namespace, ask }) {
      const list = `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
      for (const headers of ACTING) {
        await ask('GET', `${list}/none`, { headers });
        await ask('GET', '/healthz', { headers });
      }
    },
  },
];
