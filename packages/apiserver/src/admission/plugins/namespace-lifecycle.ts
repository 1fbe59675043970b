import { namespace as namespaceKind } from '@navarch/api';
import { failure, forbidden, notFound } from '@navarch/machinery';
import type { Registry } from '../../registry/registry.ts';
import { defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);
/** May still be asked in a namespace that is going: so it is found out what it takes to empty it. */
const REVIEWS = new Set(['authorization.k8s.io/localsubjectaccessreviews']);

function refuseWhatMayNotCome({ kind, operation, namespace, name }: AdmissionRequest, registry: Registry): void {
  if (operation === 'DELETE') {
    if (kind === namespaceKind && IMMORTAL.has(name)) throw forbidden(kind, name, 'this namespace may not be deleted');
    return;
  }
  if (!kind.namespaced || REVIEWS.has(`${kind.group}/${kind.plural}`)) return;
  const found = registry.of(namespaceKind).find('', namespace);
  if (!found) throw notFound(namespaceKind, namespace);
  if (found.status.phase !== 'Terminating' && !found.metadata.deletionTimestamp) return;
  const refused = forbidden(
    kind,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  throw failure('Forbidden', refused.message, {
    ...refused.status.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

/** Nothing comes into a namespace that is not there or is going; the first namespaces stay. */
export const namespaceLifecycle = defineAdmissionPlugin({
  name: 'NamespaceLifecycle',
  on: { operations: ['CREATE', 'DELETE'], subresources: '*' },
  // Before any other plugin misses what such a namespace does not have either, as its service account.
  mutate(_draft, request, { registry }) {
    refuseWhatMayNotCome(request, registry);
    return false;
  },
  // And once more at the commit, which is later than a webhook that was waited for.
  validate(_object, _at, request, { registry }) {
    refuseWhatMayNotCome(request, registry);
  },
});
