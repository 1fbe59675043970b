import assert from 'node:assert/strict';
import { podTemplate } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { request } from '../../requests.ts';
import { type Json, rest } from '../../rest.ts';

const OBJECTS = 400;
const WRITERS = 20;
/** History must be forgotten within this; upstream does so every five minutes. */
const FORGOTTEN_MS = 12 * 60_000;
const POLL_MS = 20_000;
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

const nameOf = (index: number): string => `template-${String(index).padStart(4, '0')}`;

async function makeTemplates(context: TestContext): Promise<string> {
  let next = 0;
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      for (let index = next++; index < OBJECTS; index = next++) {
        await context.api.of(podTemplate).create({
          metadata: { name: nameOf(index), namespace: context.namespace },
          template: { spec: { containers: [{ name: 'test', image: 'test2' }] } },
        });
      }
    }),
  );
  return `/api/v1/namespaces/${context.namespace}/podtemplates`;
}

const query = (limit: number, token?: string): string =>
  `?limit=${limit}${token ? `&continue=${encodeURIComponent(token)}` : ''}`;

/** The items are the ones that follow in the order of names, and what is left over is counted right where it is counted. */
function assertFollows({ items, metadata }: Json, found: number, limit: number): number {
  assert.ok(items.length <= limit, `${items.length} items where ${limit} were asked for`);
  items.forEach((item: Json, i: number) => assert.equal(item.metadata.name, nameOf(found + i)));
  const total = found + items.length;
  if (metadata.continue) assert.equal(metadata.remainingItemCount, OBJECTS - total);
  else assert.deepEqual([metadata.remainingItemCount, total], [undefined, OBJECTS]);
  return total;
}

export const listTests = [
  conformanceTest(
    '[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls',
    async (context) => {
      const path = await makeTemplates(context);
      const { get } = rest(context);
      for (let round = 0; round < 3; round++) {
        const limit = 1 + ((Number.parseInt(context.unique, 16) + round * 17) % (OBJECTS / 10));
        let [found, token, version] = [0, undefined as string | undefined, undefined as string | undefined];
        do {
          const list = await get(path + query(limit, token));
          version ??= list.metadata.resourceVersion;
          assert.equal(list.metadata.resourceVersion, version, 'all chunks are of one moment');
          found = assertFollows(list, found, limit);
          token = list.metadata.continue;
        } while (token);
      }
      const list = await get(path);
      assert.equal(list.items.length, OBJECTS);
      assertFollows(list, 0, OBJECTS);
    },
  ),

  conformanceTest(
    '[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent',
    async (context) => {
      const path = await makeTemplates(context);
      const { get } = rest(context);
      const limit = OBJECTS / 10;
      const first = await get(path + query(limit));
      assertFollows(first, 0, limit);
      const end = context.clock.monotonic() + FORGOTTEN_MS;
      let refusal: Json;
      for (;;) {
        const answer = await request(context, { path: path + query(limit, first.metadata.continue) });
        if (answer.status !== 200) {
          refusal = JSON.parse(answer.text);
          break;
        }
        if (context.clock.monotonic() > end) throw new Error('the first token never expired');
        await context.clock.sleep(POLL_MS, context.signal);
      }
      assert.deepEqual([refusal.code, refusal.reason], [410, 'Expired']);
      assert.ok(refusal.metadata.continue, 'a token for going on nonetheless');

      const second = await get(path + query(limit, refusal.metadata.continue));
      assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
      let found = assertFollows(second, limit, limit);
      let token: string | undefined = second.metadata.continue;
      while (token) {
        const list = await get(path + query(limit, token));
        assert.equal(
          list.metadata.resourceVersion,
          second.metadata.resourceVersion,
          'from here on all chunks are of one moment',
        );
        found = assertFollows(list, found, limit);
        token = list.metadata.continue;
      }
      assert.equal(found, OBJECTS);
    },
    FORGOTTEN_MS + 120_000,
  ),

  conformanceTest(
    '[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata',
    async (context) => {
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
      };
      const { status, text } = await request(context, {
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        accept: TABLE,
        body,
      });
      assert.equal(status, 406, text);
    },
  ),
];
