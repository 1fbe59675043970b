import type { Client, Scenario } from './scenario.ts';

const collectionOf = (namespace: string): string => `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
const widget = (name: string, labels: object = {}, spec: object = {}): object => ({
  apiVersion: 'oracle.dev/v1',
  kind: 'Widget',
  metadata: { name, labels },
  spec,
});
const patch = { type: 'application/merge-patch+json' } as const;

/** What happens to a few objects: selectors are entered and left, statuses change, things go at once and slowly. */
async function life({ namespace, quietly }: Client): Promise<void> {
  const list = collectionOf(namespace);
  await quietly('POST', list, { body: widget('a', { x: 'y' }, { name: 'p' }) });
  await quietly('POST', list, { body: widget('b') });
  await quietly('PATCH', `${list}/b`, { ...patch, body: { metadata: { labels: { x: 'y' } }, spec: { name: 'p' } } });
  await quietly('PATCH', `${list}/a`, { ...patch, body: { metadata: { labels: { x: null } }, spec: { name: 'q' } } });
  await quietly('PATCH', `${list}/a`, { ...patch, body: { spec: { size: 5 } } });
  await quietly('PATCH', `${list}/a`, { ...patch, body: { spec: { size: 5 } } });
  await quietly('PATCH', `${list}/b/status`, { ...patch, body: { status: { size: 5 } } });
  await quietly('PATCH', `${list}/b`, { ...patch, body: { metadata: { finalizers: ['x.dev/f'] } } });
  await quietly('DELETE', `${list}/b`);
  await quietly('PATCH', `${list}/b`, { ...patch, body: { metadata: { finalizers: [] } } });
  await quietly('DELETE', `${list}/a`);
}

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const metadata = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const EVENTS = 12;

const watches: readonly {
  readonly name: string;
  readonly query: string;
  readonly accept?: string;
  readonly events: number;
}[] = [
  { name: 'all', query: '', events: EVENTS },
  { name: 'labels', query: '&labelSelector=x%3Dy', events: 6 },
  { name: 'fields', query: '&fieldSelector=spec.name%3Dp', events: 6 },
  { name: 'one', query: '&fieldSelector=metadata.name%3Da', events: 6 },
  { name: 'table', query: '', accept: table, events: EVENTS },
  { name: 'table of objects', query: '&includeObject=Object', accept: table, events: EVENTS },
  { name: 'metadata', query: '', accept: metadata, events: EVENTS },
  { name: 'pretty', query: '&pretty=true', events: EVENTS },
];

const asking = (accept: string | undefined): Readonly<Record<string, string>> => (accept ? { accept } : {});

export const watching: readonly Scenario[] = [
  ...watches.map(({ name, query, accept, events }): Scenario => ({
    name: `watch: ${name}`,
    async run(client) {
      const { namespace, watch, quietly } = client;
      const { resourceVersion } = (await quietly('GET', collectionOf(namespace))).json.metadata as {
        readonly resourceVersion: string;
      };
      const watching = await watch(
        `${collectionOf(namespace)}?watch=true&resourceVersion=${resourceVersion}${query}`,
        asking(accept),
      );
      await life(client);
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      await watching.events(events, 700);
      watching.close();
      // The same from the past.
      const later = await watch(
        `${collectionOf(namespace)}?watch=true&resourceVersion=${resourceVersion}${query}`,
        asking(accept),
      );
      await later.events(events, 700);
      later.close();
    },
  })),
  {
    name: 'watch: beginnings',
    async run(client) {
      const { namespace, watch, quietly } = client;
      const list = collectionOf(namespace);
      const made = await quietly('POST', list, { body: widget('a', { x: 'y' }) });
      await quietly('POST', list, { body: widget('b') });
      const { resourceVersion } = made.json.metadata as { readonly resourceVersion: string };
      for (const accept of [undefined, table, metadata]) {
        for (const query of [
          '',
          'resourceVersion=',
          'resourceVersion=0',
          `resourceVersion=${resourceVersion}`,
          'sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
          'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
          'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0',
          'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=x%3Dy',
          `sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`,
          `sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`,
          'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
          'sendInitialEvents=true',
          'sendInitialEvents=true&resourceVersionMatch=Exact',
          'resourceVersionMatch=NotOlderThan',
          'sendInitialEvents=x&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=y',
          'resourceVersion=x',
          'resourceVersion=1',
          'timeoutSeconds=x',
          'timeoutSeconds=0',
          'labelSelector=%3D',
          'fieldSelector=spec.other%3D1',
          'limit=1',
          'allowWatchBookmarks=x',
          'watch=false',
          'watch=0',
          'watch=x',
          'watch=',
        ]) {
          const watching = await watch(
            `${list}?watch=true&timeoutSeconds=1&${query}`
              .replace('timeoutSeconds=1&timeoutSeconds', 'timeoutSeconds')
              .replace('watch=true&timeoutSeconds=1&watch', 'watch'),
            asking(accept),
          );
          await watching.events(accept === undefined ? 4 : 3, 120);
          watching.close();
        }
      }
      for (const path of [
        `/apis/oracle.dev/v1/watch/namespaces/${namespace}/widgets`,
        `/apis/oracle.dev/v1/watch/namespaces/${namespace}/widgets/a`,
        `${list}/a?watch=true`,
        `/apis/oracle.dev/v1/watch/widgets?timeoutSeconds=1&fieldSelector=metadata.namespace%3D${namespace}`,
      ]) {
        const watching = await watch(path);
        await watching.events(3, 150);
        watching.close();
      }
    },
  },
  {
    name: 'watch: ends',
    async run(client) {
      const { namespace, watch, quietly, ask } = client;
      const list = collectionOf(namespace);
      await quietly('POST', list, { body: widget('a') });
      const ended = await watch(`${list}?watch=true&timeoutSeconds=1`);
      await ended.events(100, 3000);
      ended.close();
      for (const accept of [
        'application/yaml',
        'text/html',
        'application/json;stream=watch',
        'application/json;stream=x',
        'application/yaml, application/json',
      ]) {
        const watching = await watch(`${list}?watch=true&timeoutSeconds=1`, { accept });
        await watching.events(2, 150);
        watching.close();
      }
      await ask('POST', `${list}?watch=true`, { body: widget('z') });
    },
  },
];
