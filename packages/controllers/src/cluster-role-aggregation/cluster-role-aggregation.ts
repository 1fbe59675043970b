import { type ClusterRole, clusterRole, type PolicyRule } from '@navarch/api';
import { apiVersionOf, compileLabelSelector, equalJson, keyOf } from '@navarch/machinery';
import { type Controller, defineController, type Watch } from '../controller.ts';

/** Any role may be a part of any aggregated one, and may have been before it changed. */
const parts: Watch<ClusterRole> = {
  kind: clusterRole,
  *keys(_change, cache) {
    for (const role of cache.list(clusterRole)) if (role.aggregationRule) yield keyOf(role);
  },
};

const NAME = 'clusterrole-aggregation-controller';

/** Fills in the rules of roles that are made of others: admin, edit, view, and whatever people aggregate. */
export const clusterRoleAggregationController: Controller = defineController({
  name: NAME,
  queueName: 'ClusterRoleAggregator',
  watches: [parts],

  async reconcile(key, { api, cache }) {
    const found = cache.get(clusterRole, key);
    if (!found?.aggregationRule) return undefined;
    const rules = aggregatedRules(found, cache.list(clusterRole));
    if (equalJson(found.rules ?? [], rules)) return undefined;
    const { name, uid } = found.metadata;
    // Of the uid, so that a role that is gone meanwhile is not made anew.
    const body = { apiVersion: apiVersionOf(clusterRole), kind: clusterRole.kind, metadata: { name, uid }, rules };
    await api.of(clusterRole).patch(key, { type: 'apply', body, fieldManager: NAME, force: true });
    return undefined;
  },
});

/** The rules of all roles selected, each once, in the order of the roles' names. */
function aggregatedRules(of: ClusterRole, roles: readonly ClusterRole[]): readonly PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  const byName = [...roles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const selector of of.aggregationRule?.clusterRoleSelectors ?? []) {
    const selected = compileLabelSelector(selector);
    for (const role of byName) {
      if (role.metadata.name === of.metadata.name || !selected.matches(role.metadata.labels)) continue;
      for (const rule of role.rules ?? []) rules.set(JSON.stringify(rule), rules.get(JSON.stringify(rule)) ?? rule);
    }
  }
  return [...rules.values()];
}
