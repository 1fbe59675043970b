import type { Field, Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { isStandardQuota, quotaResourceName, type ResourceList, resourceQuantity } from '../../checks/quantities.ts';
import { entriesOf, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from '../../generated/types/core-v1.ts';
import { statusPart } from '../../parts.ts';

export const resourceQuota: Kind<ResourceQuota> = builtIn<ResourceQuota>('/v1.ResourceQuota', {
  columns: columnsOf('/ResourceQuota', {
    Request: (q) => amounts(q, (name) => !name.startsWith('limits')),
    Limit: (q) => amounts(q, (name) => name.startsWith('limits')),
  }),
  behaviour: {
    answersDeletion: true,
    desired: false,
    prepareCreate(q) {
      q.status = {};
    },
    validate: ({ spec }, at) => validateSpec(spec, at.at('spec')),
    validateUpdate(next, previous, at) {
      unchanged(next.spec.scopes?.toSorted(), previous.spec.scopes?.toSorted(), at.at('spec', 'scopes'));
    },
    parts: {
      status: statusPart({
        validate({ status }, _previous, at) {
          for (const list of ['hard', 'used'] as const) validateAmounts(status[list], at.at('status', list));
        },
      }),
    },
  },
});

function amounts(q: ResourceQuota, isShown: (name: string) => boolean): string {
  const hard = entriesOf(q.status.hard).filter(([name]) => isShown(name));
  return hard.map(([name, max]) => `${name}: ${q.status.used?.[name] ?? '0'}/${max}`).join(', ');
}

const POD_RESOURCES = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'pods',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]);
const SCOPES = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
];
/** Scopes that a pod is in or not. */
const UNVALUED = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const OPPOSITES = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

function validateAmounts(list: ResourceList | undefined, at: Field): void {
  for (const [name, text] of entriesOf(list)) {
    quotaResourceName(name, at.key(name));
    resourceQuantity(name, text, at.key(name));
  }
}

function validateSpec(spec: ResourceQuotaSpec, at: Field): void {
  validateAmounts(spec.hard, at.at('hard'));
  const scopesAt = at.at('scopes');
  const scopes = new Set<string>();
  for (const scope of spec.scopes ?? []) {
    if (!SCOPES.includes(scope)) scopesAt.invalid(spec.scopes, 'unsupported scope');
    for (const _ of misfits(scope, spec)) scopesAt.invalid(spec.scopes, 'unsupported scope applied to resource');
    scopes.add(scope);
  }
  if (OPPOSITES.some(([one, other]) => scopes.has(one) && scopes.has(other)))
    scopesAt.invalid(spec.scopes, 'conflicting scopes');
  validateSelector(spec, at.at('scopeSelector'));
}

function validateSelector(spec: ResourceQuotaSpec, at: Field): void {
  const { scopeSelector } = spec;
  if (!scopeSelector) return;
  const scopes = new Set<string>();
  // Upstream names the list, never the item.
  const here = at.at('matchExpressions');
  for (const requirement of scopeSelector.matchExpressions ?? []) {
    const { scopeName } = requirement;
    if (!SCOPES.includes(scopeName)) here.at('scopeName').invalid(scopeName, 'unsupported scope');
    for (const _ of misfits(scopeName, spec)) here.invalid(scopeSelector, 'unsupported scope applied to resource');
    validateOperator(requirement, here);
    scopes.add(scopeName);
  }
  if (OPPOSITES.some(([one, other]) => scopes.has(one) && scopes.has(other)))
    here.invalid(spec.scopes ?? null, 'conflicting scopes');
}

function validateOperator({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, at: Field): void {
  if (UNVALUED.includes(scopeName) && operator !== 'Exists') {
    at.at('operator').invalid(
      operator,
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
    );
  }
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        at.at('values').required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        at.at('values').invalid(
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        );
      break;
    default:
      at.at('operator').invalid(operator, 'not a valid selector operator');
  }
}

/** The bounded resources that the scope cannot select; each is complained of in the same words. */
function misfits(scope: string, { hard }: ResourceQuotaSpec): readonly string[] {
  return Object.keys(hard ?? {}).filter((name) => isStandardQuota(name) && !fits(scope, name));
}

function fits(scope: string, name: string): boolean {
  switch (scope) {
    case 'BestEffort':
      return name === 'pods';
    case 'VolumeAttributesClass':
      return name === 'persistentvolumeclaims' || name === 'requests.storage';
    case 'Terminating':
    case 'NotTerminating':
    case 'NotBestEffort':
    case 'PriorityClass':
    case 'CrossNamespacePodAffinity':
      return POD_RESOURCES.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
    default:
      return true;
  }
}
