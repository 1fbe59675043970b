import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  type Field,
  type Kind,
  pathSegmentErrors,
  portNameErrors,
  wildcardSubdomainErrors,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { ip, parseIp } from '../../checks/network.ts';
import { each, named, portNumber, requiredName } from '../../checks/values.ts';
import { columnsOf, firstOf } from '../../columns.ts';
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressSpec,
  IngressTLS,
} from '../../generated/types/networking-v1.ts';
import { statusPart } from '../../parts.ts';

const HOSTS_MAX = 3;
const CLASS = 'kubernetes.io/ingress.class';
const NOT_AN_IP = 'must be a DNS name, not an IP address';

export const ingress: Kind<Ingress> = builtIn<Ingress>('networking.k8s.io/v1.Ingress', {
  columns: columnsOf('networking.k8s.io/Ingress', {
    Class: (i) => i.spec.ingressClassName ?? '<none>',
    Hosts: (i) =>
      firstOf(
        (i.spec.rules ?? []).flatMap(({ host }) => (host ? [host] : [])),
        HOSTS_MAX,
      ) || '*',
    Address: (i) =>
      [...new Set((i.status.loadBalancer.ingress ?? []).map((point) => point.ip || point.hostname || ''))]
        .sort()
        .join(','),
    Ports: (i) => (i.spec.tls?.length ? '80, 443' : '80'),
  }),
  behaviour: {
    prepareCreate(i) {
      i.status = { loadBalancer: {} };
    },
    desired: (i) => [i.spec],
    validateCreate({ metadata, spec }, at) {
      const old = metadata.annotations?.[CLASS];
      if (old !== undefined && spec.ingressClassName !== undefined && old !== spec.ingressClassName) {
        at.at('annotations', CLASS).invalid(old, 'must match `ingressClassName` when both are specified');
      }
    },
    validate: ({ spec }, at) => validateSpec(spec, at.at('spec')),
    warnings: ({ metadata }, previous) =>
      metadata.annotations?.[CLASS] !== undefined && !previous
        ? [`annotation "${CLASS}" is deprecated, please use 'spec.ingressClassName' instead`]
        : [],
    parts: {
      status: statusPart({
        validate: ({ status }, _previous, at) =>
          each(status.loadBalancer.ingress, at.at('status', 'loadBalancer', 'ingress'), (point, here) => {
            if (point.ip) ip(point.ip, here.at('ip'));
            if (!point.hostname) return;
            named(point.hostname, dnsSubdomainErrors, here.at('hostname'));
            if (parseIp(point.hostname)) here.at('hostname').invalid(point.hostname, NOT_AN_IP);
          }),
      }),
    },
  },
});

function validateSpec(spec: IngressSpec, at: Field): void {
  if (!spec.rules?.length && !spec.defaultBackend)
    at.invalid(spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified');
  if (spec.defaultBackend) validateBackend(spec.defaultBackend, at.at('defaultBackend'));
  each(spec.rules, at.at('rules'), ({ host, http }, here) => {
    if (host) {
      if (parseIp(host)) here.at('host').invalid(host, NOT_AN_IP);
      named(host, host.includes('*') ? wildcardSubdomainErrors : dnsSubdomainErrors, here.at('host'));
    }
    if (!http) return;
    if (!http.paths?.length) here.at('http', 'paths').required();
    each(http.paths, here.at('http', 'paths'), validatePath);
  });
  each(spec.tls, at.at('tls'), validateTls);
  if (spec.ingressClassName !== undefined) named(spec.ingressClassName, dnsSubdomainErrors, at.at('ingressClassName'));
}

function validateTls({ hosts, secretName }: IngressTLS, at: Field): void {
  each(hosts, at.at('hosts'), (host, here) =>
    named(host, host.includes('*') ? wildcardSubdomainErrors : dnsSubdomainErrors, here),
  );
  if (secretName) named(secretName, dnsSubdomainErrors, at.at('secretName'));
}

const INSIDE = ['//', '/./', '/../', '%2f', '%2F'];
const AT_END = ['/..', '/.'];

function validatePath({ path = '', pathType, backend }: HTTPIngressPath, at: Field): void {
  const here = at.at('path');
  switch (pathType) {
    case 'Exact':
    case 'Prefix':
      if (!path.startsWith('/')) here.invalid(path, 'must be an absolute path');
      if (path.length > 0) {
        for (const part of INSIDE) if (path.includes(part)) here.invalid(path, `must not contain '${part}'`);
        for (const end of AT_END) if (path.endsWith(end)) here.invalid(path, `cannot end with '${end}'`);
      }
      break;
    case 'ImplementationSpecific':
      if (path.length > 0 && !path.startsWith('/')) here.invalid(path, 'must be an absolute path');
      break;
    case undefined:
    case null:
    case '':
      at.at('pathType').required('pathType must be specified');
      break;
    default:
      at.at('pathType').notSupported(pathType, ['Exact', 'ImplementationSpecific', 'Prefix']);
  }
  validateBackend(backend, at.at('backend'));
}

function validateBackend({ service, resource }: IngressBackend, at: Field): void {
  if (resource && service) return at.invalid('', 'cannot set both resource and service backends');
  if (resource) {
    const here = at.at('resource');
    if (resource.apiGroup !== undefined && resource.apiGroup !== null)
      named(resource.apiGroup, dnsSubdomainErrors, here.at('apiGroup'));
    requiredName(resource.kind, pathSegmentErrors, here.at('kind'), 'kind is required');
    requiredName(resource.name, pathSegmentErrors, here.at('name'), 'name is required');
    return;
  }
  if (!service) return at.invalid('', 'resource or service backend is required');
  requiredName(service.name, dnsLabelErrors, at.at('service', 'name'));
  const { name, number } = service.port ?? {};
  const [hasName, hasNumber] = [Boolean(name), Boolean(number)];
  if (hasName && hasNumber) at.invalid('', 'cannot set both port name & port number');
  else if (hasName) named(name as string, portNameErrors, at.at('service', 'port', 'name'));
  else if (hasNumber) portNumber(number as number, at.at('service', 'port', 'number'));
  else at.required('port name or number is required');
}
