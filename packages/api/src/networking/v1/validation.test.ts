import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, kindOf, partRefusals, table, updateRefusals } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const spec = (fields: Json): Json => ({ spec: fields });
const INGRESS = 'networking.k8s.io/v1.Ingress';

test('ingresses: hosts, paths, backends, classes', () => {
  const path = (fields: Json): Json => spec({ rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 1 } } }, ...fields }] } }] });
  const at = 'spec.rules[0].http.paths[0]';
  table(INGRESS, [
    [spec({ defaultBackend: null }), 'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    [spec({ rules: [{ host: '1.2.3.4' }] }), 'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
    [spec({ rules: [{ host: 'a.*.b' }] }), "spec.rules[0].host: Invalid value: \"a.*.b\": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"],
    [spec({ rules: [{ http: { paths: [] } }] }), 'spec.rules[0].http.paths: Required value'],
    [path({ path: 'x' }), `${at}.path: Invalid value: "x": must be an absolute path`],
    [path({ path: '/a//b/..' }), `${at}.path: Invalid value: "/a//b/..": must not contain '//'`, `${at}.path: Invalid value: "/a//b/..": cannot end with '/..'`],
    [path({ pathType: 'X' }), `${at}.pathType: Unsupported value: "X": supported values: "Exact", "ImplementationSpecific", "Prefix"`],
    [path({ pathType: null }), `${at}.pathType: Required value: pathType must be specified`],
    [path({ backend: {} }), `${at}.backend: Invalid value: "": resource or service backend is required`],
    [path({ backend: { service: { name: 's' }, resource: { kind: 'K', name: 'n' } } }), `${at}.backend: Invalid value: "": cannot set both resource and service backends`],
    [path({ backend: { service: { name: 's', port: { number: null } } } }), `${at}.backend: Required value: port name or number is required`],
    [path({ backend: { service: { name: 's', port: { number: 1, name: 'a' } } } }), `${at}.backend: Invalid value: "": cannot set both port name & port number`],
    [{ metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } }, spec: { ingressClassName: 'b' } },
      'annotations.kubernetes.io/ingress.class: Invalid value: "a": can not be set when the class field is also set'],
  ]);
  assert.deepEqual(partRefusals(INGRESS, 'status', { status: { loadBalancer: { ingress: [{ hostname: '1.2.3.4' }] } } }), [
    'status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
  ]);
  const annotated = created(INGRESS, { metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } } });
  assert.deepEqual(kindOf(INGRESS).behaviour.warnings?.(annotated, undefined), ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"]);
});

test('ingress classes: controllers and parameters', () => {
  const key = 'networking.k8s.io/v1.IngressClass';
  table(key, [
    [spec({ controller: 'x' }), 'spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")'],
    [spec({ parameters: { kind: 'K', name: 'n', scope: 'Namespace' } }), "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    [spec({ parameters: { kind: 'K', name: 'n', namespace: 'x' } }), "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
  ]);
  assert.deepEqual(updateRefusals(key, spec({ controller: 'b.io/c' })), ['spec.controller: Invalid value: "b.io/c": field is immutable']);
});

test('network policies: ports, peers, blocks', () => {
  const port = (fields: Json): Json => spec({ ingress: [{ ports: [fields] }] });
  const from = (fields: Json): Json => spec({ ingress: [{ from: [fields] }] });
  table('networking.k8s.io/v1.NetworkPolicy', [
    [port({ protocol: 'X' }), 'spec.ingress[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'],
    [port({ port: 0 }), 'spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    [port({ port: 5, endPort: 4 }), 'spec.ingress[0].ports[0].endPort: Invalid value: 4: must be greater than or equal to `port`'],
    [port({ port: 'a', endPort: 4 }), 'spec.ingress[0].ports[0].endPort: Invalid value: 4: may not be specified when `port` is non-numeric'],
    [port({ endPort: 4 }), 'spec.ingress[0].ports[0].endPort: Invalid value: 4: may not be specified when `port` is not specified'],
    [from({}), 'spec.ingress[0].from[0]: Required value: must specify a peer'],
    [from({ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }), 'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
    [from({ ipBlock: { cidr: 'x' } }), 'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    [from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8', '11.0.0.0/16', '10.1.0.0/16'] } }),
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
      'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`'],
    [spec({ policyTypes: ['X'] }), 'spec.policyTypes: Unsupported value: "X": supported values: "Egress", "Ingress"'],
  ]);
});

test('addresses and ranges of services', () => {
  table('networking.k8s.io/v1.IPAddress', [
    [{ metadata: { name: '2001:DB8::1' } }, 'metadata.name: Invalid value: "2001:DB8::1": must be a valid IP address in canonical form'],
    [{ metadata: { name: '2001:db8::1' } }],
    [spec({ parentRef: null }), 'spec.parentRef: Required value'],
  ]);
  table('networking.k8s.io/v1.ServiceCIDR', [
    [spec({ cidrs: [] }), 'spec.cidrs: Required value: at least one CIDR required'],
    [spec({ cidrs: ['x'] }), 'spec.cidrs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ]);
});

test('endpoint slices: addresses of their type', () => {
  const key = 'discovery.k8s.io/v1.EndpointSlice';
  table(key, [
    [{ addressType: '' }, 'addressType: Required value'],
    [{ addressType: 'X' }, 'addressType: Unsupported value: "X": supported values: "FQDN", "IPv4", "IPv6"'],
    [{ endpoints: [{ addresses: [] }] }, 'endpoints[0].addresses: Required value'],
    [{ endpoints: [{ addresses: ['::1'] }] }, 'endpoints[0].addresses[0]: Invalid value: "::1": must be a valid IPv4 address'],
    [{ endpoints: [{ addresses: ['169.254.0.1'] }] }, 'endpoints[0].addresses[0]: Invalid value: "169.254.0.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    [{ ports: [{ port: 0 }, { name: '' }] }, 'ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive', 'ports[1].name: Duplicate value: ""'],
  ]);
  assert.deepEqual(updateRefusals(key, { addressType: 'IPv6' }), ['addressType: Invalid value: null: field is immutable']);
});
