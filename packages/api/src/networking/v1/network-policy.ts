import { type Field, type Kind, portNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { cidr as validateCidr, cidrWarnings, contains, parseCidr } from '../../checks/network.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { declaredValue, each, isPort, named, PORT_RANGE, supportedValue } from '../../checks/values.ts';
import { columnsOf, selectorText } from '../../columns.ts';
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../../generated/types/networking-v1.ts';

export const networkPolicy: Kind<NetworkPolicy> = builtIn<NetworkPolicy>('networking.k8s.io/v1.NetworkPolicy', {
  columns: columnsOf('networking.k8s.io/NetworkPolicy', { 'Pod-Selector': (p) => selectorText(p.spec.podSelector) }),
  behaviour: {
    complete({ spec }) {
      for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
        for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
      if (spec.policyTypes?.length) return;
      spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
    },
    validate: ({ spec }, at) => validateSpec(spec, at.at('spec')),
    warnings: ({ spec }) =>
      blocksOf(spec).flatMap(([path, { cidr, except = [] }]) => [
        ...cidrWarnings(cidr, `${path}.cidr`),
        ...except.flatMap((text, i) => cidrWarnings(text, `${path}.except[${i}]`)),
      ]),
  },
});

/** Every block of addresses, with where it stands. */
function blocksOf({
  ingress = [],
  egress = [],
}: NetworkPolicySpec): readonly (readonly [path: string, block: IPBlock])[] {
  const inPeers = (
    peers: readonly NetworkPolicyPeer[] | undefined,
    path: string,
  ): readonly (readonly [string, IPBlock])[] =>
    (peers ?? []).flatMap(({ ipBlock }, i) => (ipBlock ? [[`${path}[${i}].ipBlock`, ipBlock] as const] : []));
  return [
    ...ingress.flatMap(({ from }, i) => inPeers(from, `spec.ingress[${i}].from`)),
    ...egress.flatMap(({ to }, i) => inPeers(to, `spec.egress[${i}].to`)),
  ];
}

function validateSpec(spec: NetworkPolicySpec, at: Field): void {
  labelSelector(spec.podSelector, at.at('podSelector'));
  each(spec.ingress, at.at('ingress'), (rule, here) => {
    each(rule.ports, here.at('ports'), validatePort);
    each(rule.from, here.at('from'), validatePeer);
  });
  each(spec.egress, at.at('egress'), (rule, here) => {
    each(rule.ports, here.at('ports'), validatePort);
    each(rule.to, here.at('to'), validatePeer);
  });
  const { policyTypes = [] } = spec;
  const typesAt = at.at('policyTypes');
  if (policyTypes.length > 2) return typesAt.invalid(policyTypes, 'may not specify more than two policyTypes');
  each(policyTypes, typesAt, (type, here) => declaredValue(type, ['Ingress', 'Egress'], here));
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, at: Field): void {
  if (protocol !== undefined) supportedValue(protocol, ['SCTP', 'TCP', 'UDP'], at.at('protocol'));
  if (typeof port === 'number') {
    if (!isPort(port)) at.at('port').invalid(port, PORT_RANGE);
    if (endPort === undefined) return;
    if (endPort < port) at.at('endPort').invalid(endPort, 'must be greater than or equal to `port`');
    if (!isPort(endPort)) at.at('endPort').invalid(endPort, PORT_RANGE);
  } else if (typeof port === 'string') {
    if (endPort !== undefined) at.at('endPort').invalid(endPort, 'may not be specified when `port` is non-numeric');
    named(port, portNameErrors, at.at('port'));
  } else if (endPort !== undefined)
    at.at('endPort').invalid(endPort, 'may not be specified when `port` is not specified');
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, at: Field): void {
  labelSelector(podSelector, at.at('podSelector'));
  labelSelector(namespaceSelector, at.at('namespaceSelector'));
  if (ipBlock) validateBlock(ipBlock, at.at('ipBlock'));
  const count = [podSelector, namespaceSelector, ipBlock].filter(Boolean).length;
  if (count === 0) at.required('must specify a peer');
  if (count > 1 && ipBlock) at.forbidden('may not specify both ipBlock and another peer');
}

function validateBlock({ cidr, except }: IPBlock, at: Field): void {
  if (!cidr) return at.at('cidr').required();
  const outer = parseCidr(cidr);
  validateCidr(cidr, at.at('cidr'));
  if (!outer) return;
  each(except, at.at('except'), (text, here) => {
    const inner = parseCidr(text);
    validateCidr(text, here);
    if (!inner) return;
    if (!contains(outer, inner.address) || inner.bits <= outer.bits)
      here.invalid(text, 'must be a strict subset of `cidr`');
  });
}
