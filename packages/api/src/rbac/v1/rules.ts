import type { Field } from '@navarch/machinery';
import type { PolicyRule } from '../../generated/types/rbac-v1.ts';

/** What may be done to what: resources of API groups, or paths that are no resources (cluster roles only). */
export function validateRule(rule: PolicyRule, isNamespaced: boolean, at: Field): void {
  const verbs = rule.verbs ?? [];
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (verbs.length === 0) at.at('verbs').required('verbs must contain at least one value');
  if (nonResourceURLs.length > 0) {
    const here = at.at('nonResourceURLs');
    if (isNamespaced) here.invalid(nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs');
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) {
      here.invalid(nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs');
    }
    return;
  }
  if (apiGroups.length === 0) at.at('apiGroups').required('resource rules must supply at least one api group');
  if (resources.length === 0) at.at('resources').required('resource rules must supply at least one resource');
}
