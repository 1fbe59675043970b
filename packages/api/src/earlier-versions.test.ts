import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apiVersionOf, decode, type FieldFacts, type Kind, readJson, writeJson } from '@navarch/machinery';
import { objectsOf } from '@navarch/machinery/testing';
import { earlierVersions, releasedResources, youngKinds } from './earlier-versions.ts';
import { typeFacts } from './generated/facts/index.ts';
import { builtinKinds } from './kinds.ts';

const hubOf = (kind: Kind<any>): NonNullable<Kind['hub']> => {
  assert.ok(kind.hub, kind.kind);
  return kind.hub;
};
const nameOf = (kind: Kind<any>): string => `${apiVersionOf(kind)} ${kind.kind}`;

/** What a type and those in it have for fields on the wire, whatever version they are of. */
function shapeOf(type: string, seen = new Set<string>()): unknown {
  if (seen.has(type)) return 'seen';
  seen.add(type);
  const plain = type.replace(/^(\[\]|map\[string\])+/, '');
  return (typeFacts[plain]?.fields ?? []).map(({ name, num, omit, ptr, type: of }: FieldFacts) => [
    name,
    num,
    omit,
    ptr,
    of.startsWith('io.k8s') || /[[]/.test(of) ? shapeOf(of, seen) : of,
  ]);
}

/** Of the versions that convert, what has another shape. */
const RESHAPED = [
  'certificates.k8s.io/v1beta1 PodCertificateRequest',
  'resource.k8s.io/v1beta1 ResourceClaim',
  'resource.k8s.io/v1beta1 ResourceClaimTemplate',
  'resource.k8s.io/v1beta1 ResourceSlice',
];

test('earlier versions are of the release, over the kinds that are stored, and none is stable itself', () => {
  for (const kind of earlierVersions) {
    assert.match(kind.version, /alpha|beta/);
    assert.ok([...builtinKinds, ...youngKinds].includes(hubOf(kind).kind), nameOf(kind));
    assert.ok(
      releasedResources.some(
        ({ group, version, plural }) => group === kind.group && version === kind.version && plural === kind.plural,
      ),
      nameOf(kind),
    );
  }
});

test('an earlier version that is said to be the same has the same fields', () => {
  for (const kind of earlierVersions) {
    const [own, stable] = [kind.schema.name ?? '', hubOf(kind).kind.schema.name ?? ''];
    const isSame = writeJson(shapeOf(own)) === writeJson(shapeOf(stable));
    assert.equal(isSame, !RESHAPED.includes(nameOf(kind)), nameOf(kind));
  }
});

for (const kind of earlierVersions) {
  test(`${nameOf(kind)}: what is stored is shown and comes back as it was`, () => {
    const hub = hubOf(kind);
    const read = (of: Kind<any>, given: unknown): any => decode(of.schema, given).value;
    fc.assert(
      fc.property(objectsOf(hub.kind.schema, apiVersionOf(hub.kind), hub.kind.kind), (sent) => {
        const stored = read(hub.kind, sent);
        const shown = read(kind, hub.fromHub(stored));
        assert.equal(shown.apiVersion, apiVersionOf(kind));
        assert.deepEqual(normal(read(hub.kind, hub.toHub(shown))), normal(stored));
      }),
      { numRuns: 25 },
    );
  });
}

/** v1beta1 cannot say that a slice is for no node in particular, nor that a request is neither exact nor one of several. */
function normal(object: any): unknown {
  const copy = readJson(writeJson(object)) as any;
  if (copy.kind === 'ResourceSlice' && !copy.spec?.nodeName) delete copy.spec?.nodeName;
  if (copy.kind === 'ResourceSlice' && !copy.spec?.allNodes) delete copy.spec?.allNodes;
  for (const request of (copy.spec?.spec ?? copy.spec)?.devices?.requests ?? []) {
    if (request.exactly && !request.exactly.deviceClassName && Object.keys(request.exactly).length <= 1)
      delete request.exactly;
  }
  return copy;
}
