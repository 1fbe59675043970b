import {
  type ClusterRole,
  clusterRole,
  type ClusterRoleBinding,
  clusterRoleBinding,
  type PolicyRule,
  role,
  roleBinding,
  type Subject,
} from '@navarch/api';
import { settleAll } from '@navarch/base';
import { type ApiObject, type Draft, equalJson, type Kind } from '@navarch/machinery';
import { uncovered } from '../auth/rules.ts';
import { systemUser } from '../auth/user.ts';
import type { Registry } from '../registry/registry.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './rbac-policy.ts';

const call = { user: systemUser, isDryRun: false } as const;
const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

/**
 * Puts the default roles and bindings in place at a start ("Auto-reconciliation"): what is missing is added, what people
 * added stays, and what says `autoupdate: "false"` is left alone.
 */
export async function reconcilePolicy(registry: Registry): Promise<void> {
  // All at once: they become one commit of the store instead of a hundred.
  await settleAll([
    ...clusterRoles.map((wanted) => reconcile(registry, clusterRole, wanted, mendedRole)),
    ...clusterRoleBindings.map((wanted) => reconcile(registry, clusterRoleBinding, wanted, mendedBinding)),
    ...roles.map((wanted) => reconcile(registry, role, wanted, mendedRole)),
    ...roleBindings.map((wanted) => reconcile(registry, roleBinding, wanted, mendedBinding)),
  ]);
}

type Wanted = Draft<ApiObject> & { readonly metadata: { readonly name: string; readonly namespace?: string } };

async function reconcile<O extends ApiObject>(
  registry: Registry,
  kind: Kind<O>,
  draft: Draft<O>,
  mend: (current: any, wanted: any) => object,
): Promise<void> {
  const resource = registry.of(kind);
  const { metadata } = draft as unknown as Wanted;
  const { name, namespace = '' } = metadata;
  const found = resource.find(namespace, name);
  if (!found) {
    await resource.create(namespace, draft, call);
    return;
  }
  if (found.metadata.annotations?.[AUTOUPDATE] === 'false') return;
  const { roleRef } = found as { readonly roleRef?: unknown };
  // A binding cannot be turned to another role.
  if (roleRef !== undefined && !equalJson(roleRef, (draft as { readonly roleRef?: unknown }).roleRef)) {
    await resource.delete(namespace, name, {}, call);
    await resource.create(namespace, draft, call);
    return;
  }
  await resource.update(
    namespace,
    name,
    (current) => {
      const next = mend(withMarks(current, metadata), draft);
      return equalJson(next, current) ? current : next;
    },
    call,
  );
}

function withMarks<O extends ApiObject>(current: O, wanted: Wanted['metadata']): O {
  const { labels, annotations } = wanted as ApiObject['metadata'];
  return {
    ...current,
    metadata: {
      ...current.metadata,
      labels: { ...current.metadata.labels, ...labels },
      annotations: { ...current.metadata.annotations, ...annotations },
    },
  };
}

function mendedRole(current: ClusterRole, wanted: ClusterRole): object {
  if (wanted.aggregationRule) {
    const held = current.aggregationRule?.clusterRoleSelectors ?? [];
    const missing = (wanted.aggregationRule.clusterRoleSelectors ?? []).filter(
      (selector) => !held.some((h) => equalJson(h, selector)),
    );
    return missing.length === 0
      ? current
      : { ...current, aggregationRule: { clusterRoleSelectors: [...held, ...missing] } };
  }
  const rules: readonly PolicyRule[] = current.rules ?? [];
  const missing = uncovered(rules, wanted.rules ?? []);
  return missing.length === 0 ? current : { ...current, rules: [...rules, ...missing] };
}

function mendedBinding(current: ClusterRoleBinding, wanted: ClusterRoleBinding): object {
  const same = (a: Subject, b: Subject): boolean =>
    a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
  const held = current.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter((subject) => !held.some((h) => same(h, subject)));
  return missing.length === 0 ? current : { ...current, subjects: [...held, ...missing] };
}
