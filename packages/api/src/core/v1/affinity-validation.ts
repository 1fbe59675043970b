import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  type Field,
  labelValueErrors,
  qualifiedNameErrors,
} from '@navarch/machinery';
import { labelSelector } from '../../checks/selectors.ts';
import { each, named } from '../../checks/values.ts';
import type {
  Affinity,
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  TopologySpreadConstraint,
} from '../../generated/types/core-v1.ts';

export function nodeSelector({ nodeSelectorTerms }: NodeSelector, at: Field): void {
  const terms = at.at('nodeSelectorTerms');
  if (!nodeSelectorTerms?.length) terms.required('must have at least one node selector term');
  each(nodeSelectorTerms, terms, (term, here) => nodeSelectorTerm(term, here));
}

/** Of what is only a wish, values are not looked at: no node needs to have them. */
function nodeSelectorTerm(term: NodeSelectorTerm, at: Field, isWish = false): void {
  each(term.matchExpressions, at.at('matchExpressions'), (requirement, here) =>
    nodeRequirement(requirement, here, isWish),
  );
  each(term.matchFields, at.at('matchFields'), nodeFieldRequirement);
}

function nodeRequirement({ key, operator, values = [] }: NodeSelectorRequirement, at: Field, isWish: boolean): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) at.at('values').required("must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        at.at('values').forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1)
        at.at('values').required("must be specified single value when `operator` is 'Lt' or 'Gt'");
      break;
    default:
      at.at('operator').invalid(operator, 'not a valid selector operator');
  }
  named(key, qualifiedNameErrors, at.at('key'));
  if (!isWish) each(values, at.at('values'), (value, here) => named(value, labelValueErrors, here));
}

function nodeFieldRequirement({ key, operator, values = [] }: NodeSelectorRequirement, at: Field): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length !== 1)
      at.at('values').required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  } else at.at('operator').invalid(operator, 'not a valid selector operator');
  if (key === 'metadata.name') each(values, at.at('values'), (value, here) => named(value, dnsSubdomainErrors, here));
  else at.at('key').invalid(key, 'not a valid field selector key');
}

export function validateNodeAffinity(affinity: NodeAffinity, at: Field): void {
  if (affinity.requiredDuringSchedulingIgnoredDuringExecution) {
    nodeSelector(
      affinity.requiredDuringSchedulingIgnoredDuringExecution,
      at.at('requiredDuringSchedulingIgnoredDuringExecution'),
    );
  }
  each(
    affinity.preferredDuringSchedulingIgnoredDuringExecution,
    at.at('preferredDuringSchedulingIgnoredDuringExecution'),
    (term, place) => {
      weight(term.weight, place);
      nodeSelectorTerm(term.preference, place.at('preference'), true);
    },
  );
}

export function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, at: Field): void {
  if (nodeAffinity) validateNodeAffinity(nodeAffinity, at.at('nodeAffinity'));
  for (const [name, affinity] of [
    ['podAffinity', podAffinity],
    ['podAntiAffinity', podAntiAffinity],
  ] as const) {
    const here = at.at(name);
    each(
      affinity?.requiredDuringSchedulingIgnoredDuringExecution,
      here.at('requiredDuringSchedulingIgnoredDuringExecution'),
      podAffinityTerm,
    );
    each(
      affinity?.preferredDuringSchedulingIgnoredDuringExecution,
      here.at('preferredDuringSchedulingIgnoredDuringExecution'),
      (term, place) => {
        weight(term.weight, place);
        podAffinityTerm(term.podAffinityTerm, place.at('podAffinityTerm'));
      },
    );
  }
}

function weight(value: number, at: Field): void {
  if (value <= 0 || value > 100) at.at('weight').invalid(value, 'must be in the range 1-100');
}

function podAffinityTerm(term: PodAffinityTerm, at: Field): void {
  labelSelector(term.labelSelector, at.at('labelSelector'));
  labelSelector(term.namespaceSelector, at.at('namespaceSelector'));
  for (const name of term.namespaces ?? []) named(name, dnsLabelErrors, at.at('namespace'));
  labelKeys(term.matchLabelKeys, at.at('matchLabelKeys'), term.labelSelector !== undefined);
  labelKeys(term.mismatchLabelKeys, at.at('mismatchLabelKeys'), term.labelSelector !== undefined);
  const seen = new Set(Object.keys(term.labelSelector?.matchLabels ?? {}));
  for (const { key } of term.labelSelector?.matchExpressions ?? []) {
    const i = term.matchLabelKeys?.lastIndexOf(key) ?? -1;
    // Once is the pod's own value; upstream leaves out the name of the list.
    if (i >= 0 && seen.has(key)) at.index(i).invalid(key, IN_BOTH);
    seen.add(key);
  }
  each(term.matchLabelKeys, at.at('matchLabelKeys'), (key, here) => {
    if (term.mismatchLabelKeys?.includes(key)) here.invalid(key, 'exists in both matchLabelKeys and mismatchLabelKeys');
  });
  topologyKey(term.topologyKey, at.at('topologyKey'));
}

const IN_BOTH = 'exists in both matchLabelKeys and labelSelector';

function labelKeys(keys: readonly string[] | undefined, at: Field, hasSelector: boolean): void {
  if (!keys?.length) return;
  if (!hasSelector) return at.forbidden('must not be specified when labelSelector is not set');
  each(keys, at, (key, here) => named(key, qualifiedNameErrors, here));
}

function topologyKey(key: string, at: Field): void {
  if (!key) at.required('can not be empty');
  named(key, qualifiedNameErrors, at);
}

function spreadKeys({ labelSelector, matchLabelKeys }: TopologySpreadConstraint, at: Field): void {
  if (!matchLabelKeys?.length) return;
  if (!labelSelector) at.forbidden('must not be specified when labelSelector is not set');
  each(matchLabelKeys, at, (key, here) => {
    named(key, qualifiedNameErrors, here);
    const mentions = labelSelector?.matchExpressions?.filter((requirement) => requirement.key === key).length ?? 0;
    if (mentions > 1 || Object.hasOwn(labelSelector?.matchLabels ?? {}, key)) here.invalid(key, IN_BOTH);
  });
}

const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway'];
const POLICIES = ['Honor', 'Ignore'];

export function validateSpread(constraints: readonly TopologySpreadConstraint[] | undefined, at: Field): void {
  each(constraints, at, (constraint, here, i) => {
    if (constraint.maxSkew <= 0) here.at('maxSkew').invalid(constraint.maxSkew, 'must be greater than zero');
    if (!constraint.topologyKey) here.at('topologyKey').required('can not be empty');
    const { whenUnsatisfiable, minDomains } = constraint;
    if (!UNSATISFIABLE.includes(whenUnsatisfiable))
      here.at('whenUnsatisfiable').notSupported(whenUnsatisfiable, UNSATISFIABLE);
    const isRepeated = constraints
      ?.slice(i + 1)
      .some((other) => other.topologyKey === constraint.topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (isRepeated)
      here.at('{topologyKey, whenUnsatisfiable}').duplicate(`{${constraint.topologyKey}, ${whenUnsatisfiable}}`);
    if (minDomains !== undefined && minDomains <= 0)
      here.at('minDomains').invalid(minDomains, 'must be greater than zero');
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule') {
      here
        .at('minDomains')
        .invalid(minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`);
    }
    for (const name of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[name];
      if (policy !== undefined && !POLICIES.includes(policy)) here.at(name).notSupported(policy, POLICIES);
    }
    spreadKeys(constraint, here.at('matchLabelKeys'));
    labelSelector(constraint.labelSelector, here.at('labelSelector'));
  });
}
