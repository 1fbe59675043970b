import type { Service } from '@navarch/api';
import { type Answer, codes, type Question, type Record, types } from './message.ts';
import { endpointsOf, type View } from './view.ts';

export interface Zone {
  /** `cluster.local`. */
  readonly domain: string;
  /** Seconds. */
  readonly ttl: number;
}

/** The version of the DNS specification that is served, as `dns-version` says. */
const SPECIFICATION = '1.1.0';

const answered = (answers: readonly Record[], additionals: readonly Record[] = []): Answer => ({
  code: codes.NOERROR,
  answers,
  authorities: [],
  additionals,
});

/**
 * What the cluster says of a name, to the Kubernetes DNS specification 1.1.0. Pure. undefined: not the cluster's to
 * answer, ask elsewhere.
 */
export function answer(question: Question, view: View, zone: Zone): Answer | undefined {
  const reverse = reverseAddress(question.name);
  if (reverse !== undefined) return reverseAnswer(question, reverse, view, zone);
  if (question.name !== zone.domain && !question.name.endsWith(`.${zone.domain}`)) return undefined;
  const labels = question.name
    .slice(0, -zone.domain.length - 1)
    .split('.')
    .filter((label) => label !== '')
    .toReversed();
  const found = find(labels, question, view, zone);
  if (!found) return negative(codes.NXDOMAIN, zone);
  return found.answers.length > 0 ? found : negative(codes.NOERROR, zone);
}

/** No such name, or nothing of that type: how long that may be remembered is in the SOA (RFC 2308). */
const negative = (code: number, { domain, ttl }: Zone): Answer => ({
  code,
  answers: [],
  additionals: [],
  authorities: [
    {
      name: domain,
      ttl,
      data: { type: 'SOA', server: `ns.dns.${domain}`, mail: `hostmaster.${domain}`, serial: 1, minimum: ttl },
    },
  ],
});

/** `labels` from the right: svc, namespace, service, ... undefined when there is no such name. */
function find(labels: readonly string[], question: Question, view: View, zone: Zone): Answer | undefined {
  const [kind, namespace, name, ...rest] = labels;
  if (kind === undefined) return answered([]);
  if (kind === 'dns-version' && namespace === undefined) {
    return answered(
      question.type === types.TXT
        ? [{ name: question.name, ttl: zone.ttl, data: { type: 'TXT', text: SPECIFICATION } }]
        : [],
    );
  }
  if (kind === 'pod') return podAnswer(namespace, name, rest, question, view, zone);
  if (kind !== 'svc') return undefined;
  if (namespace === undefined) return answered([]);
  if (name === undefined) return view.hasNamespace(namespace) ? answered([]) : undefined;
  const service = view.service(namespace, name);
  return service && serviceAnswer(service, rest, question, view, zone);
}

function serviceAnswer(
  service: Service,
  rest: readonly string[],
  question: Question,
  view: View,
  zone: Zone,
): Answer | undefined {
  const { spec } = service;
  const { name } = question;
  if (spec.type === 'ExternalName') {
    return rest.length > 0
      ? undefined
      : answered([
          {
            name,
            ttl: zone.ttl,
            data: { type: 'CNAME', target: (spec.externalName ?? '').toLowerCase().replace(/\.$/, '') },
          },
        ]);
  }
  const isHeadless = spec.clusterIP === 'None';
  if (rest.length === 2 && rest[0]?.startsWith('_')) return portAnswer(service, rest, question, view, zone);
  if (!isHeadless)
    return rest.length > 0 ? undefined : answered(addresses(name, spec.clusterIPs ?? [], question.type, zone));
  const slices = view.slices(service.metadata.namespace ?? '', service.metadata.name);
  const all = endpointsOf(service, slices);
  if (rest.length === 0)
    return answered(
      addresses(
        name,
        all.map((e) => e.address),
        question.type,
        zone,
      ),
    );
  const hosts = all.filter((e) => e.host === rest[0]);
  return rest.length === 1 && hosts.length > 0
    ? answered(
        addresses(
          name,
          hosts.map((e) => e.address),
          question.type,
          zone,
        ),
      )
    : undefined;
}

function addresses(name: string, list: readonly string[], type: number, { ttl }: Zone): readonly Record[] {
  return list.flatMap((address): readonly Record[] => {
    const kind = address.includes(':') ? 'AAAA' : 'A';
    return type === types[kind] || type === types.ANY ? [{ name, ttl, data: { type: kind, address } }] : [];
  });
}

/** `_http._tcp.NAME`: where a named port is served. */
function portAnswer(
  service: Service,
  [protocolLabel = '', portLabel = '']: readonly string[],
  question: Question,
  view: View,
  zone: Zone,
): Answer | undefined {
  const { namespace = '', name } = service.metadata;
  const protocol = protocolLabel.slice(1).toUpperCase();
  const portName = portLabel.slice(1);
  const base = `${name}.${namespace}.svc.${zone.domain}`;
  const records: Record[] = [];
  const additionals: Record[] = [];
  const add = (target: string, address: string, port: number): void => {
    records.push({ name: question.name, ttl: zone.ttl, data: { type: 'SRV', priority: 0, weight: 100, port, target } });
    additionals.push(...addresses(target, [address], types.ANY, zone));
  };
  if (service.spec.clusterIP === 'None') {
    const slices = view.slices(namespace, name);
    for (const slice of slices) {
      const port = slice.ports?.find((p) => p.name === portName && (p.protocol ?? 'TCP') === protocol)?.port;
      if (port !== undefined)
        for (const { address, host } of endpointsOf(service, [slice])) add(`${host}.${base}`, address, port);
    }
  } else {
    const port = service.spec.ports?.find((p) => p.name === portName && (p.protocol ?? 'TCP') === protocol);
    if (port) add(base, service.spec.clusterIP ?? '', port.port);
  }
  if (records.length === 0) return undefined;
  return question.type === types.SRV || question.type === types.ANY ? answered(records, additionals) : answered([]);
}

/** `10-244-0-5.default.pod.cluster.local`: the address is in the name. */
function podAnswer(
  namespace: string | undefined,
  name: string | undefined,
  rest: readonly string[],
  question: Question,
  view: View,
  zone: Zone,
): Answer | undefined {
  if (namespace === undefined) return answered([]);
  if (!view.hasNamespace(namespace)) return undefined;
  if (name === undefined) return answered([]);
  const address = addressIn(name);
  return address === undefined || rest.length > 0
    ? undefined
    : answered(addresses(question.name, [address], question.type, zone));
}

/** The address that a dashed label spells; undefined when it spells none. */
function addressIn(label: string): string | undefined {
  if (/^\d{1,3}(?:-\d{1,3}){3}$/.test(label))
    return label.split('-').every((part) => Number(part) <= 255) ? label.replaceAll('-', '.') : undefined;
  const address = label.replaceAll('-', ':');
  const groups = address.split(':').filter((group) => group !== '');
  const gaps = address.split('::').length - 1;
  if (!/^(?!:[^:])[0-9a-f:]*(?<![^:]:)$/.test(address) || !groups.every((group) => group.length <= 4)) return undefined;
  return (gaps === 0 && groups.length === 8) || (gaps === 1 && groups.length < 8 && !address.includes(':::'))
    ? address
    : undefined;
}

/** 10.96.0.10 for 10.0.96.10.in-addr.arpa. */
function reverseAddress(name: string): string | undefined {
  if (name.endsWith('.in-addr.arpa')) return name.slice(0, -'.in-addr.arpa'.length).split('.').toReversed().join('.');
  if (!name.endsWith('.ip6.arpa')) return undefined;
  const digits = name.slice(0, -'.ip6.arpa'.length).split('.').toReversed().join('');
  return digits
    .match(/.{4}/g)
    ?.map((group) => group.replace(/^0{1,3}/, ''))
    .join(':');
}

function reverseAnswer(question: Question, address: string, view: View, zone: Zone): Answer | undefined {
  const service = view.serviceAt(address);
  const endpoint = service ? undefined : view.endpointAt(address);
  const target = service
    ? `${service.metadata.name}.${service.metadata.namespace}.svc.${zone.domain}`
    : endpoint && `${endpoint.host}.${endpoint.service}.${endpoint.namespace}.svc.${zone.domain}`;
  if (target === undefined) return undefined;
  return answered(
    question.type === types.PTR || question.type === types.ANY
      ? [{ name: question.name, ttl: zone.ttl, data: { type: 'PTR', target } }]
      : [],
  );
}
