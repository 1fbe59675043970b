import { type ClusterRole, type PolicyRule, type RoleRef, type Subject } from '@navarch/api';
import { type ApiObject, equalJson, forbidden, type Mutable } from '@navarch/machinery';
import type { Attributes } from '../../auth/attributes.ts';
import { MASTERS } from '../../auth/user.ts';
import { type AdmissionContext, defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';

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
 * prevention"). Upstream asks in the storage of roles, of what admission made of the object and before it is validated:
 * so this is asked with the plugins that may change something, as the last of them, and changes nothing.
 */
export const roleEscalation = defineAdmissionPlugin<RoleLike>({
  name: 'RoleEscalation',
  on: { resources: [`${GROUP}/roles`, `${GROUP}/clusterroles`], operations: ['CREATE', 'UPDATE'] },
  mutate(draft, request, { access }) {
    const { kind, user, namespace, name, previous, operation, isPatch } = request;
    if (user.groups.includes(MASTERS)) return false;
    // What is posted has no name yet that a right could be about.
    const asked = operation === 'CREATE' && !isPatch ? '' : name;
    if (access.isAllowed(user, attributes(request, 'escalate', kind.plural, asked))) return false;
    const object = decoded<RoleLike>(draft, request);
    if (previous && onlyDeletionMarksDiffer(previous, object)) return false;
    const about = { of: kind, name: object.metadata.name };
    access.confirmNoEscalation(user, namespace, object.rules ?? [], about);
    // It can gather anything, and keeps others from taking anything out of it.
    if ((isAggregated(object) || isAggregated(previous)) && !access.holdsEverything(user)) {
      throw forbidden(kind, about.name, 'must have cluster-admin privileges to use the aggregationRule');
    }
    return false;
  },
});

/** Nobody binds a role whose rules they do not hold, unless they may `bind` it. Asked when roleEscalation is. */
export const bindingEscalation = defineAdmissionPlugin<BindingLike>({
  name: 'RoleBindingEscalation',
  on: { resources: [`${GROUP}/rolebindings`, `${GROUP}/clusterrolebindings`], operations: ['CREATE', 'UPDATE'] },
  mutate(draft, request, { access }: AdmissionContext) {
    const { kind, user, namespace, previous } = request;
    if (user.groups.includes(MASTERS)) return false;
    const object = decoded<BindingLike>(draft, request);
    const { roleRef } = object;
    if (previous && onlyDeletionMarksDiffer(previous, object)) return false;
    const plural = ROLES[roleRef.kind];
    if (plural && access.isAllowed(user, attributes(request, 'bind', plural, roleRef.name))) return false;
    access.confirmNoEscalation(user, namespace, access.roleRules(roleRef, namespace), {
      of: kind,
      name: object.metadata.name,
    });
    return false;
  },
});

const ROLES: Readonly<Record<string, string>> = { ClusterRole: 'clusterroles', Role: 'roles' };

/** Webhooks before this one may have put in anything: what is judged is what would be stored. */
const decoded = <Obj extends ApiObject>(draft: Mutable<Obj>, { kind }: AdmissionRequest): Obj => {
  const { value } = kind.decode(draft);
  kind.behaviour.complete?.(value as Mutable<any>);
  return value as unknown as Obj;
};

const isAggregated = (object: RoleLike | undefined): boolean =>
  (object?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;

const attributes = ({ namespace }: AdmissionRequest, verb: string, resource: string, name: string): Attributes => ({
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
function onlyDeletionMarksDiffer(previous: ApiObject, next: ApiObject): boolean {
  const rest = ({ metadata, ...object }: ApiObject): unknown => {
    const { finalizers: _, ownerReferences: __, managedFields: ___, resourceVersion: ____, ...kept } = metadata;
    return { ...object, metadata: kept };
  };
  return equalJson(rest(previous), rest(next));
}
