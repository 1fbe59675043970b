import assert from 'node:assert/strict';
import { serviceAccount } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { request } from '../../requests.ts';

/** What a review says: whether they may. */
async function isAllowed(
  context: TestContext,
  path: string,
  kind: string,
  spec: object,
  metadata: object = {},
): Promise<boolean> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, metadata, spec };
  const { status, text } = await request(context, {
    method: 'POST',
    path: `/apis/authorization.k8s.io/v1${path}`,
    body,
  });
  assert.equal(status, 201, text);
  return (JSON.parse(text) as { readonly status: { readonly allowed: boolean } }).status.allowed;
}

export const subjectReviewTests = [
  conformanceTest('[sig-auth] SubjectReview should support SubjectReview API operations', async (context) => {
    const { namespace } = context;
    const made = await context.api.of(serviceAccount).create({ metadata: { name: 'e2e', namespace } });
    const user = `system:serviceaccount:${namespace}:e2e`;
    const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${namespace}`];
    const spec = {
      resourceAttributes: { verb: 'list', resource: 'configmaps', namespace, version: 'v1' },
      user,
      groups,
      uid: made.metadata.uid,
    };
    const said = await isAllowed(context, '/subjectaccessreviews', 'SubjectAccessReview', spec);

    const actually = await context
      .kubectl([
        'get',
        'configmaps',
        '--as',
        user,
        '--as-uid',
        made.metadata.uid,
        ...groups.map((group) => `--as-group=${group}`),
      ])
      .then(
        () => true,
        (error: Error) => {
          assert.match(error.message, /Forbidden/);
          return false;
        },
      );
    assert.equal(said, actually);

    const local = await isAllowed(
      context,
      `/namespaces/${namespace}/localsubjectaccessreviews`,
      'LocalSubjectAccessReview',
      { ...spec, user: 'e2e' },
      { namespace },
    );
    assert.equal(local, actually);
  }),
];
