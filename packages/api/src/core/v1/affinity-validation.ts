import {
  dnsLabelErrors, dnsSubdomainErrors, type Field, labelValueErrors, qualifiedNameErrors,
} from '@navarch/machinery';
import { labelSelector } from '../../checks/selectors.ts';
import { each, named } from '../../checks/values.ts';
import type {
  Affinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, TopologySpreadConstraint,
} from '../../generated/types/core-v1.ts';

export function nodeSelector({ nodeSelectorTerms }: NodeSelector, at: Field): void {
  const terms = at.at('nodeSelectorTerms');
  if (!nodeSelectorTerms?.length) terms.required('must have at least one node selector term');
  each(nodeSelectorTerms, terms, nodeSelectorTerm);
}

export function nodeSelectorTerm(term: NodeSelectorTerm, at: Field): void {
  each(term.matchExpressions, at.at('matchExpressions'), nodeRequirement);
  each(term.matchFields, at.at('matchFields'), nodeFieldRequirement);
}

function nodeRequirement({ key, operator, values = [] }: NodeSelectorRequirement, at: Field): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) at.at('values').required("must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) at.at('values').forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) at.at('values').required("must be specified single value when `operator` is 'Lt' or 'Gt'");
      break;
    default:
      at.at('operator').invalid(operator, 'not a valid selector operator');
  }
  named(key, qualifiedNameErrors, at.at('key'));
  each(values, at.at('values'), (value, here) => named(value, labelValueErrors, here));
}

function nodeFieldRequirement({ key, operator, values = [] }: NodeSelectorRequirement, at: Field): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length !== 1) at.at('values').required('must be only one value when `operator` is \'In\' or \'NotIn\' for node field selector');
  } else at.at('operator').invalid(operator, 'not a valid selector operator');
  if (key === 'metadata.name') each(values, at.at('values'), (value, here) => named(value, dnsSubdomainErrors, here));
  else at.at('key').invalid(key, 'not a valid field selector key');
}

export function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, at: Field): void {
  if (nodeAffinity) {
    const here = at.at('nodeAffinity');
    if (nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution) {
      nodeSelector(nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution, here.at('requiredDuringSchedulingIgnoredDuringExecution'));
    }
    each(nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution, here.at('preferredDuringSchedulingIgnoredDuringExecution'), (term, place) => {
      weight(term.weight, place);
      nodeSelectorTerm(term.preference, place.at('preference'));
    });
  }
  for (const [name, affinity] of [['podAffinity', podAffinity], ['podAntiAffinity', podAntiAffinity]] as const) {
    const here = at.at(name);
    each(affinity?.requiredDuringSchedulingIgnoredDuringExecution, here.at('requiredDuringSchedulingIgnoredDuringExecution'), podAffinityTerm);
    each(affinity?.preferredDuringSchedulingIgnoredDuringExecution, here.at('preferredDuringSchedulingIgnoredDuringExecution'), (term, place) => {
      weight(term.weight, place);
      podAffinityTerm(term.podAffinityTerm, place.at('podAffinityTerm'));
    });
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
  each(term.matchLabelKeys, at.at('matchLabelKeys'), (key, here) => {
    if (term.mismatchLabelKeys?.includes(key)) here.invalid(key, 'exists in both matchLabelKeys and mismatchLabelKeys');
  });
  topologyKey(term.topologyKey, at.at('topologyKey'));
}

function labelKeys(keys: readonly string[] | undefined, at: Field, hasSelector: boolean): void {
  if (!keys?.length) return;
  if (!hasSelector) at.forbidden('must not be specified when labelSelector is not set');
  each(keys, at, (key, here) => named(key, qualifiedNameErrors, here));
}

function topologyKey(key: string, at: Field): void {
  if (!key) at.required('can not be empty');
  named(key, qualifiedNameErrors, at);
}

const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway'];
const POLICIES = ['Honor', 'Ignore'];

export function validateSpread(constraints: readonly TopologySpreadConstraint[] | undefined, at: Field): void {
  const pairs = new Set<string>();
  each(constraints, at, (constraint, here) => {
    if (constraint.maxSkew <= 0) here.at('maxSkew').invalid(constraint.maxSkew, 'must be greater than zero');
    topologyKey(constraint.topologyKey, here.at('topologyKey'));
    const { whenUnsatisfiable, minDomains } = constraint;
    if (!UNSATISFIABLE.includes(whenUnsatisfiable)) here.at('whenUnsatisfiable').notSupported(whenUnsatisfiable, UNSATISFIABLE);
    const pair = `{${constraint.topologyKey}, ${whenUnsatisfiable}}`;
    if (pairs.has(pair)) here.at('{topologyKey, whenUnsatisfiable}').duplicate(pair);
    pairs.add(pair);
    if (minDomains !== undefined && minDomains <= 0) here.at('minDomains').invalid(minDomains, 'must be greater than zero');
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule') {
      here.at('minDomains').invalid(minDomains, 'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway');
    }
    for (const name of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[name];
      if (policy !== undefined && !POLICIES.includes(policy)) here.at(name).notSupported(policy, POLICIES);
    }
    labelKeys(constraint.matchLabelKeys, here.at('matchLabelKeys'), constraint.labelSelector !== undefined);
    each(constraint.matchLabelKeys, here.at('matchLabelKeys'), (key, place) => {
      if (constraint.labelSelector?.matchLabels && Object.hasOwn(constraint.labelSelector.matchLabels, key)) {
        place.invalid(key, 'exists in both matchLabelKeys and labelSelector');
      }
    });
    labelSelector(constraint.labelSelector, here.at('labelSelector'));
  });
}

