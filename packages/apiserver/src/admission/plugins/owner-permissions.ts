import { type ApiObject, apiVersionOf, equalJson, forbidden, type OwnerReference } from '@navarch/machinery';
import type { Attributes } from '../../auth/attributes.ts';
import { defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';

/**
 * Who makes an object depend on another makes the garbage collector delete it: they must be allowed to delete it
 * themselves; and who makes an owner wait for it must be allowed to hold that owner up by a finalizer. Off unless asked
 * for, as upstream.
 */
export const ownerPermissions = defineAdmissionPlugin<ApiObject>({
  name: 'OwnerReferencesPermissionEnforcement',
  isOptional: true,
  on: { operations: ['CREATE', 'UPDATE'], subresources: '*' },
  validate({ metadata }, _at, request, { access, registry }) {
    const { kind, subresource, user, previous, name, namespace } = request;
    // Kubelets write statuses of pods that they may not delete.
    if (kind.plural === 'pods' && kind.group === '' && subresource === 'status') return;
    const [owners, before] = [metadata.ownerReferences ?? [], previous?.metadata.ownerReferences ?? []];
    if (equalJson(owners, before)) return;
    const refuse = (why: string, reason: string): never => {
      throw forbidden(kind, name, `${why}: ${reason}, <nil>`);
    };
    const deletion = access.decide(user, attributesOf(request));
    if (deletion.verdict !== 'allow') refuse("cannot set an ownerRef on a resource you can't delete", deletion.reason);
    for (const owner of newlyBlocked(owners, before)) {
      const { apiVersion, kind: named } = owner;
      const kinds = registry.kinds.filter((one) => one.kind === named && apiVersionOf(one) === apiVersion);
      if (kinds.length === 0)
        throw forbidden(
          kind,
          name,
          `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${named}: no matches for kind ${JSON.stringify(named)} in version ${JSON.stringify(apiVersion)}`,
        );
      for (const { group, plural, namespaced } of kinds) {
        const finalizers = access.decide(user, {
          isResource: true,
          verb: 'update',
          group,
          resource: plural,
          subresource: 'finalizers',
          namespace: namespaced ? namespace : '',
          name: owner.name,
          path: '',
        });
        if (finalizers.verdict !== 'allow')
          refuse(
            "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on",
            finalizers.reason,
          );
      }
    }
  },
});

const attributesOf = ({ kind, subresource, namespace, name }: AdmissionRequest): Attributes => ({
  isResource: true,
  verb: 'delete',
  group: kind.group,
  resource: kind.plural,
  subresource,
  namespace,
  name,
  path: '',
});

/** Owners that are to wait for the object and did not before, by uid. */
function newlyBlocked(owners: readonly OwnerReference[], before: readonly OwnerReference[]): readonly OwnerReference[] {
  const blocked = new Set(before.filter(({ blockOwnerDeletion }) => blockOwnerDeletion).map(({ uid }) => uid));
  return owners.filter(({ blockOwnerDeletion, uid }) => blockOwnerDeletion && !blocked.has(uid));
}
