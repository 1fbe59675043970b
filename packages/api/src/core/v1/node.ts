import { type Field, type Kind, labelValueErrors, qualifiedNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { cidr, cidrWarnings, parseCidr } from '../../checks/network.ts';
import { shown } from '../../checks/shown.ts';
import { declaredValue, each, entriesOf, named } from '../../checks/values.ts';
import { resourceQuantity } from '../../checks/quantities.ts';
import { columnsOf } from '../../columns.ts';
import type { Node, NodeSpec, Taint } from '../../generated/types/core-v1.ts';
import { statusPart } from '../../parts.ts';

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const ROLE = 'node-role.kubernetes.io/';

export const node: Kind<Node> = builtIn<Node>('/v1.Node', {
  columns: columnsOf('/Node', {
    Status: (n) => statusText(n),
    Roles: (n) => roles(n),
    Version: (n) => n.status.nodeInfo.kubeletVersion,
    'Internal-IP': (n) => addressOf(n, 'InternalIP') ?? '<none>',
    'External-IP': (n) => addressOf(n, 'ExternalIP') ?? '<none>',
    'OS-Image': (n) => n.status.nodeInfo.osImage || '<unknown>',
    'Kernel-Version': (n) => n.status.nodeInfo.kernelVersion || '<unknown>',
    'Container-Runtime': (n) => n.status.nodeInfo.containerRuntimeVersion || '<unknown>',
  }),
  storagePrefix: 'minions',
  selectableFields: { 'spec.unschedulable': (n) => String(n.spec.unschedulable ?? false) },
  behaviour: {
    desired: false,
    createsOnUpdate: false,
    complete(n) {
      const { spec, status } = n;
      if (!status.allocatable && status.capacity) status.allocatable = { ...status.capacity };
      // Two ways to say the first network; the single one is the older and wins.
      if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
      else if (spec.podCIDRs?.[0] && !spec.podCIDR) n.spec = { podCIDR: spec.podCIDRs[0], ...spec };
    },
    // Dynamic configuration went away in 1.24: what it left behind is neither kept nor refused.
    prepareCreate: ({ spec }) => void delete spec.configSource,
    prepareUpdate({ spec }, previous) {
      if (!previous.spec.configSource) delete spec.configSource;
    },
    validateCreate({ spec, status }, at) {
      validateTaints(spec.taints, at.at('metadata', 'taints'));
      validateResources(status, at);
      validateNetworks(spec, at.at('spec', 'podCIDRs'));
    },
    warnings: ({ spec }) => [
      ...(spec.configSource ? ['spec.configSource: the feature is removed'] : []),
      ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
      ...(spec.podCIDRs ?? []).flatMap((text, i) => cidrWarnings(text, `spec.podCIDRs[${i}]`)),
    ],
    validateUpdate: validateChange,
    parts: { status: statusPart({ validate: validateChange }) },
  },
});

/** Networks and identity are given once; everything else may change, in the status too. */
function validateChange(next: Node, previous: Node, at: Field): void {
  validateResources(next.status, at);
  const seen = new Set<string>();
  each(next.status.addresses, at.at('status', 'addresses'), (address, here) => {
    const key = `${address.type}/${address.address}`;
    if (seen.has(key)) here.duplicate(shown('core.v1.NodeAddress', address));
    seen.add(key);
  });
  const { podCIDRs = [], providerID } = previous.spec;
  const others = next.spec.podCIDRs ?? [];
  // Said once for every network that differs.
  const changes =
    others.length === podCIDRs.length ? podCIDRs.filter((text, i) => text !== others[i]) : podCIDRs.slice(0, 1);
  for (const _ of changes)
    at.at('spec', 'podCIDRs').forbidden('node updates may not change podCIDR except from "" to valid');
  if (providerID && next.spec.providerID !== providerID) {
    at.at('spec', 'providerID').forbidden('node updates may not change providerID except from "" to valid');
  }
  validateTaints(next.spec.taints, at.at('metadata', 'taints'));
  if ((next.spec.externalID ?? '') !== (previous.spec.externalID ?? ''))
    at.at('spec', 'externalID').forbidden('may not be updated');
}

function validateResources(status: Node['status'], at: Field): void {
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, text] of entriesOf(status[list])) resourceQuantity(name, text, at.at('status', list, name));
  }
}

/** Upstream looks for them in the specification and names them in the metadata. */
function validateTaints(taints: readonly Taint[] | undefined, at: Field): void {
  const seen = new Set<string>();
  each(taints, at, (taint, here) => {
    named(taint.key, qualifiedNameErrors, here.at('key'));
    const errors = labelValueErrors(taint.value ?? '');
    if (errors.length > 0) here.at('value').invalid(taint.value, errors.join(';'));
    declaredValue(taint.effect, TAINT_EFFECTS, here.at('effect'));
    const key = `${taint.key}:${taint.effect}`;
    if (seen.has(key)) here.duplicate(shown('core.v1.Taint', taint), 'taints must be unique by key and effect pair');
    seen.add(key);
  });
}

function validateNetworks({ podCIDRs = [] }: NodeSpec, at: Field): void {
  each(podCIDRs, at, (text, here) => cidr(text, here));
  if (podCIDRs.length < 2) return;
  const families = podCIDRs.map((text) => parseCidr(text)?.address.length);
  if (podCIDRs.length > 2 || families[0] === families[1])
    at.invalid(podCIDRs, 'may specify no more than one CIDR for each IP family');
  each(podCIDRs, at, (text, here, i) => {
    if (podCIDRs.indexOf(text) < i) here.duplicate(text);
  });
}

export const addressOf = (n: Node, type: string): string | undefined =>
  n.status.addresses?.find((a) => a.type === type)?.address;

export const isNodeReady = (n: Node): boolean =>
  n.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

function statusText(n: Node): string {
  const ready = n.status.conditions?.find((c) => c.type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (n.spec.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

function roles(n: Node): string {
  const labels = n.metadata.labels ?? {};
  const names = new Set(
    Object.keys(labels)
      .filter((key) => key.startsWith(ROLE) && key.length > ROLE.length)
      .map((key) => key.slice(ROLE.length)),
  );
  if (labels['kubernetes.io/role']) names.add(labels['kubernetes.io/role']);
  return names.size > 0 ? [...names].sort().join(',') : '<none>';
}
