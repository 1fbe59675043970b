import { type ClusterRole, type PolicyRule, type RoleRef, type Subject } from '@navarch/api';
import { type ApiObject, equalJson, forbidden } from '@navarch/machinery';
import type { Attributes } from '../../auth/attributes.ts';
import { MASTERS } from '../../auth/user.ts';
import { type AdmissionContext, type AdmissionRequest, defineAdmissionPlugin } from '../admission.ts';

const GROUP = 'rbac.authorization.k8s.io';

interface RoleLike extends ApiObject {
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: ClusterRole['aggregationRule'];
}

interface BindingLike extends ApiObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}

/**
 * Nobody writes a role with more rules than they hold themselves, unless they may `escalate` it ("Privilege escalation
 * prevention"). Upstream does this in the storage of roles; it is admission's kind of question.
 */
export const roleEscalation = defineAdmissionPlugin<RoleLike>({
  name: 'RoleEscalation',
  on: { resources: [`${GROUP}/roles`, `${GROUP}/clusterroles`], operations: ['CREATE', 'UPDATE'] },
  validate(object, _at, request, { access }) {
    const { kind, user, namespace, name, previous } = request;
    if (user.groups.includes(MASTERS)) return;
    if (access.isAllowed(user, asked(request, 'escalate', kind.plural, name))) return;
    const rules = object.rules ?? [];
    if (
      previous &&
      equalJson(previous.rules ?? [], rules) &&
      equalJson(previous.aggregationRule, object.aggregationRule)
    )
      return;
    const about = { of: kind, name: object.metadata.name };
    access.confirmNoEscalation(user, namespace, rules, about);
    // It can gather anything.
    if (object.aggregationRule && !access.holdsEverything(user)) {
      throw forbidden(kind, about.name, 'must have cluster-admin privileges to use the aggregationRule');
    }
  },
});

/** Nobody binds a role whose rules they do not hold, unless they may `bind` it. */
export const bindingEscalation = defineAdmissionPlugin<BindingLike>({
  name: 'RoleBindingEscalation',
  on: { resources: [`${GROUP}/rolebindings`, `${GROUP}/clusterrolebindings`], operations: ['CREATE', 'UPDATE'] },
  validate(object, _at, request, { access }: AdmissionContext) {
    const { kind, user, namespace, previous } = request;
    const { roleRef } = object;
    if (user.groups.includes(MASTERS)) return;
    if (previous && onlyDeletionMarksDiffer(previous, object)) return;
    const plural = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (access.isAllowed(user, asked(request, 'bind', plural, roleRef.name))) return;
    access.confirmNoEscalation(user, namespace, access.roleRules(roleRef, namespace), {
      of: kind,
      name: object.metadata.name,
    });
  },
});

const asked = ({ namespace }: AdmissionRequest, verb: string, resource: string, name: string): Attributes => ({
  isResource: true,
  verb,
  group: GROUP,
  resource,
  subresource: '',
  namespace,
  name,
  path: '',
});

/** What the garbage collector has to be able to change without holding every role: finalizers and owners. */
function onlyDeletionMarksDiffer(previous: BindingLike, next: BindingLike): boolean {
  const rest = ({ metadata, ...object }: BindingLike): unknown => {
    const { finalizers: _, ownerReferences: __, managedFields: ___, resourceVersion: ____, ...kept } = metadata;
    return { ...object, metadata: kept };
  };
  return equalJson(rest(previous), rest(next));
}
