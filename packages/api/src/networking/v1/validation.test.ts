import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, kindOf, partRefusals, table, updateRefusals } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const spec = (fields: Json): Json => ({ spec: fields });
const INGRESS = 'networking.k8s.io/v1.Ingress';

test('ingresses: hosts, paths, backends, classes', () => {
  const path = (fields: Json): Json =>
    spec({
      rules: [
        {
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 1 } } }, ...fields },
            ],
          },
        },
      ],
    });
  const at = 'spec.rules[0].http.paths[0]';
  table(INGRESS, [
    [spec({ defaultBackend: null }), 'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    [
      spec({ rules: [{ host: '1.2.3.4' }] }),
      'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ],
    [
      spec({ rules: [{ host: 'a.*.b' }] }),
      "spec.rules[0].host: Invalid value: \"a.*.b\": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
    [spec({ rules: [{ http: { paths: [] } }] }), 'spec.rules[0].http.paths: Required value'],
    [path({ path: 'x' }), `${at}.path: Invalid value: "x": must be an absolute path`],
    [
      path({ path: '/a//b/..' }),
      `${at}.path: Invalid value: "/a//b/..": must not contain '//'`,
      `${at}.path: Invalid value: "/a//b/..": cannot end with '/..'`,
    ],
    [
      path({ pathType: 'X' }),
      `${at}.pathType: Unsupported value: "X": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
    ],
    [path({ pathType: null }), `${at}.pathType: Required value: pathType must be specified`],
    [path({ backend: {} }), `${at}.backend: Invalid value: "": resource or service backend is required`],
    [
      path({ backend: { service: { name: 's' }, resource: { kind: 'K', name: 'n' } } }),
      `${at}.backend: Invalid value: "": cannot set both resource and service backends`,
    ],
    [
      path({ backend: { service: { name: 's', port: { number: null } } } }),
      `${at}.backend: Required value: port name or number is required`,
    ],
    [
      path({ backend: { service: { name: 's', port: { number: 1, name: 'a' } } } }),
      `${at}.backend: Invalid value: "": cannot set both port name & port number`,
    ],
    [
      { metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } }, spec: { ingressClassName: 'b' } },
      'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified',
    ],
    [{ metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } }, spec: { ingressClassName: 'a' } }],
    [
      path({ backend: { resource: { apiGroup: '', kind: 'a/b', name: '' } } }),
      `${at}.backend.resource.apiGroup: Invalid value: "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      `${at}.backend.resource.kind: Invalid value: "a/b": may not contain '/'`,
      `${at}.backend.resource.name: Required value: name is required`,
    ],
  ]);
  assert.deepEqual(
    partRefusals(INGRESS, 'status', { status: { loadBalancer: { ingress: [{ hostname: '1.2.3.4' }] } } }),
    ['status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
  );
  const annotated = created(INGRESS, { metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } } });
  assert.deepEqual(kindOf(INGRESS).behaviour.warnings?.(annotated, undefined), [
    'annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead',
  ]);
});

test('ingress classes: controllers and parameters', () => {
  const key = 'networking.k8s.io/v1.IngressClass';
  table(key, [
    [
      spec({ controller: 'a.io/b c' }),
      "spec.controller: Invalid value: \"b c\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
    ],
    [
      spec({ controller: 'x' }),
      'spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [
      spec({ parameters: { kind: 'K', name: 'n', scope: 'Namespace' } }),
      "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
    ],
    [
      spec({ parameters: { kind: 'K', name: 'n', namespace: 'x' } }),
      "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
    ],
  ]);
  assert.deepEqual(updateRefusals(key, spec({ controller: 'b.io/c' })), [
    'spec.controller: Invalid value: "b.io/c": field is immutable',
  ]);
});

test('network policies: ports, peers, blocks', () => {
  const port = (fields: Json): Json => spec({ ingress: [{ ports: [fields] }] });
  const from = (fields: Json): Json => spec({ ingress: [{ from: [fields] }] });
  table('networking.k8s.io/v1.NetworkPolicy', [
    [
      port({ protocol: 'X' }),
      'spec.ingress[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ],
    [port({ port: 0 }), 'spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    [
      port({ port: 5, endPort: 4 }),
      'spec.ingress[0].ports[0].endPort: Invalid value: 4: must be greater than or equal to `port`',
    ],
    [
      port({ port: 'a', endPort: 4 }),
      'spec.ingress[0].ports[0].endPort: Invalid value: 4: may not be specified when `port` is non-numeric',
    ],
    [
      port({ endPort: 4 }),
      'spec.ingress[0].ports[0].endPort: Invalid value: 4: may not be specified when `port` is not specified',
    ],
    [from({}), 'spec.ingress[0].from[0]: Required value: must specify a peer'],
    [
      from({ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }),
      'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer',
    ],
    [
      from({ ipBlock: { cidr: 'x' } }),
      'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
    [
      from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8', '11.0.0.0/16', '10.1.0.0/16'] } }),
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
      'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
    ],
    [
      spec({ policyTypes: ['X'] }),
      'spec.policyTypes[0]: Unsupported value: "X": supported values: "Ingress", "Egress"',
    ],
  ]);
});

test('network policies: warnings about ranges', () => {
  const { warnings } = kindOf('networking.k8s.io/v1.NetworkPolicy').behaviour;
  const told = (cidr: string): readonly string[] | undefined =>
    warnings?.(
      created('networking.k8s.io/v1.NetworkPolicy', spec({ egress: [{ to: [{ ipBlock: { cidr } }] }] })),
      undefined,
    );
  const at = 'spec.egress[0].to[0].ipBlock.cidr';
  assert.deepEqual(told('10.0.0.0/8'), []);
  assert.deepEqual(told('2001:DB8::/32'), [
    `${at}: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")`,
  ]);
  assert.deepEqual(told('10.1.2.3/8'), [
    `${at}: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)`,
  ]);
  assert.deepEqual(told('010.0.0.0/8'), [`${at}: non-standard CIDR value "010.0.0.0/8" is invalid: use "10.0.0.0/8"`]);
});

test('addresses and ranges of services', () => {
  table('networking.k8s.io/v1.IPAddress', [
    [
      { metadata: { name: '2001:DB8::1' } },
      'metadata.name: Invalid value: "2001:DB8::1": must be a valid IP address in canonical form',
    ],
    [{ metadata: { name: '2001:db8::1' } }],
    [spec({ parentRef: null }), 'spec.parentRef: Required value'],
  ]);
  table('networking.k8s.io/v1.ServiceCIDR', [
    [spec({ cidrs: [] }), 'spec.cidrs: Required value: at least one CIDR required'],
    [
      spec({ cidrs: ['x'] }),
      'spec.cidrs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
  ]);
});

test('endpoint slices: addresses of their type', () => {
  const key = 'discovery.k8s.io/v1.EndpointSlice';
  table(key, [
    [{ addressType: '' }, 'addressType: Required value'],
    [{ addressType: 'X' }, 'addressType: Unsupported value: "X": supported values: "FQDN", "IPv4", "IPv6"'],
    [{ endpoints: [{ addresses: [] }] }, 'endpoints[0].addresses: Required value'],
    [
      { endpoints: [{ addresses: ['::1'] }] },
      'endpoints[0].addresses[0]: Invalid value: "::1": must be a valid IPv4 address',
      'endpoints[0].addresses[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
    [
      { endpoints: [{ addresses: ['169.254.0.1'] }] },
      'endpoints[0].addresses[0]: Invalid value: "169.254.0.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    ],
    [{ ports: [{ port: 0 }, { name: '' }] }, 'ports[1].name: Duplicate value: ""'],
    [
      { endpoints: [{ addresses: ['x'] }] },
      'endpoints[0].addresses[0]: Invalid value: "x": must be a valid IPv4 address',
      'endpoints[0].addresses[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      { addressType: 'FQDN', endpoints: [{ addresses: ['example', 'example.com.', ''] }] },
      'endpoints[0].addresses[0]: Invalid value: "example": should be a domain with at least two segments separated by dots',
      'endpoints[0].addresses[2]: Required value',
    ],
  ]);
  const { warnings } = kindOf(key).behaviour;
  assert.deepEqual(warnings?.(created(key, { addressType: 'FQDN' }), undefined), [
    'spec.addressType: FQDN endpoints are deprecated',
  ]);
  assert.deepEqual(
    warnings?.(created(key, { addressType: 'IPv6', endpoints: [{ addresses: ['2001:DB8::1'] }] }), undefined),
    ['endpoints[0].addresses[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")'],
  );
  assert.deepEqual(updateRefusals(key, { addressType: 'IPv6' }), [
    'addressType: Invalid value: null: field is immutable',
  ]);
});
