import assert from 'node:assert/strict';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { define } from '../../custom-resources.ts';
import { getJson, request } from '../../requests.ts';
import type { Json } from '../../rest.ts';
import { until } from '../../until.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
/** What official clients send: newest first, lists where the server knows no better. */
const CLIENT_ACCEPT = `${AGGREGATED},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`;
const SEEN_MS = 30_000;

interface Place {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}
const places: readonly Place[] = [
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  'apiextensions.k8s.io/v1/customresourcedefinitions',
  'apiregistration.k8s.io/v1/apiservices',
  'apps/v1/deployments',
  'authentication.k8s.io/v1/tokenreviews',
  'authorization.k8s.io/v1/selfsubjectaccessreviews',
  'autoscaling/v1/horizontalpodautoscalers',
  'autoscaling/v2/horizontalpodautoscalers',
  'batch/v1/jobs',
  'certificates.k8s.io/v1/certificatesigningrequests',
  'coordination.k8s.io/v1/leases',
  'discovery.k8s.io/v1/endpointslices',
  'events.k8s.io/v1/events',
  'networking.k8s.io/v1/ingresses',
  'node.k8s.io/v1/runtimeclasses',
  'policy/v1/poddisruptionbudgets',
  'scheduling.k8s.io/v1/priorityclasses',
  'storage.k8s.io/v1/csinodes',
].map((text) => {
  const [group = '', version = '', resource = ''] = text.split('/');
  return { group, version, resource };
});
const namespaces: Place = { group: '', version: 'v1', resource: 'namespaces' };

/** A document of aggregated discovery says that something is served. */
const lists = (document: Json, { group, version, resource }: Place): boolean =>
  document.items.some(
    (item: Json) =>
      (item.metadata?.name ?? '') === group &&
      item.versions.some(
        (of: Json) => of.version === version && of.resources.some((one: Json) => one.resource === resource),
      ),
  );

function assertLists(document: Json, of: readonly Place[]): void {
  for (const place of of)
    assert.ok(lists(document, place), `${place.group}/${place.version} ${place.resource} is not in discovery`);
}

/** A kind in a group of its own. */
async function defined(context: TestContext): Promise<Place> {
  const group = `group${context.unique}.example.com`;
  await define(context, { group, kind: 'testcrd' });
  return { group, version: 'v1', resource: 'testcrds' };
}

/** Reads both documents as a client does that takes the aggregated form wherever it is given. */
async function everything(context: TestContext): Promise<Json> {
  const documents = [];
  for (const path of ['/api', '/apis']) {
    const answer = await request(context, { path, accept: CLIENT_ACCEPT });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], AGGREGATED, `the best form that was asked for at ${path}`);
    documents.push(JSON.parse(answer.text) as Json);
  }
  return { items: documents.flatMap((document) => document.items) };
}

export const discoveryTests = [
  conformanceTest(
    '[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers',
    async (context) => {
      assertLists(await getJson(context, '/apis', AGGREGATED), places);
      assertLists(await getJson(context, '/api', AGGREGATED), [namespaces]);
    },
  ),

  conformanceTest(
    '[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface',
    async (context) => {
      assertLists(await everything(context), [...places, namespaces]);
    },
  ),

  conformanceTest(
    '[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs',
    async (context) => {
      const place = await defined(context);
      await until(context, 'the kind in raw discovery', SEEN_MS, async () =>
        lists(await getJson(context, '/apis', AGGREGATED), place),
      );
    },
  ),

  conformanceTest(
    '[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface for CRDs',
    async (context) => {
      const place = await defined(context);
      await until(context, 'the kind in discovery', SEEN_MS, async () => lists(await everything(context), place));
    },
  ),

  conformanceTest(
    '[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup',
    async (context) => {
      const { groups } = await getJson<Json>(context, '/apis');
      assert.ok(groups.length > 0);
      for (const { name } of groups) {
        // Groups of other tests come and go.
        if (name.endsWith('.example.com')) continue;
        const group = await getJson<Json>(context, `/apis/${name}`);
        assert.equal(group.name, name);
        assert.ok(
          group.versions.some((version: Json) => version.groupVersion === group.preferredVersion.groupVersion),
          `the preferred version of ${name}`,
        );
      }
    },
  ),

  conformanceTest(
    '[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup',
    async (context) => {
      for (const { group, version, resource } of places) {
        const found = await getJson<Json>(context, `/apis/${group}`);
        assert.ok(
          found.versions.some((of: Json) => of.groupVersion === `${group}/${version}`),
          `${group}/${version}`,
        );
        const list = await getJson<Json>(context, `/apis/${group}/${version}`);
        assert.equal(list.kind, 'APIResourceList');
        assert.equal(list.groupVersion, `${group}/${version}`);
        assert.ok(
          list.resources.some((of: Json) => of.name === resource),
          `${resource} in ${group}/${version}`,
        );
      }
    },
  ),

  conformanceTest('[sig-api-machinery] server version should find the server version', async (context) => {
    const { major, minor } = await getJson<{ readonly major: string; readonly minor: string }>(context, '/version');
    assert.match(major, /^[1-9]\d*$/);
    assert.match(minor.replace(/\D/g, ''), /^[1-9]\d*$/);
  }),
];
