import { reversedAddress } from '../wire/addresses.ts';
import { codes, types } from '../wire/codes.ts';
import { splitName } from '../wire/names.ts';
import { type Answer, isWithin, type Record } from '../wire/record.ts';
import { locate, namesAt, type Place } from './locate.ts';
import { SERVICE_NAME, type View } from './view.ts';
import { type ClusterZone, domainOf, type Self } from './zone.ts';

export interface Question {
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: number;
}

/** What the cluster says. `follow`: a name outside of it that the answer leads to; what is there belongs to the answer. */
export interface ClusterAnswer {
  readonly answer: Answer;
  readonly follow?: string;
}

/** The version of the DNS specification that is served, as `dns-version` says; and how long that is so, in seconds. */
const SPECIFICATION = '1.1.0';
const SPECIFICATION_TTL = 28_800;
const SOA_TTL_MAX = 300;
/** Names that lead to names that lead to names. */
const CHAIN_MAX = 10;
const NS_LABELS = ['dns', 'ns'] as const;

interface Context {
  readonly zone: ClusterZone;
  /** The one of its zones that the question is in. */
  readonly within: string;
  readonly view: View;
  readonly self: Self;
}

/**
 * What the cluster says of a name, to the Kubernetes DNS specification 1.1.0 and where that says nothing as CoreDNS
 * does. Pure. undefined: not the cluster's to answer, ask others.
 */
export function answerOfCluster(
  question: Question,
  zone: ClusterZone,
  view: View,
  self: Self,
): ClusterAnswer | undefined {
  const within = zoneOf(question.name, zone.zones);
  if (within === undefined) return undefined;
  const context = { zone, within, view, self };
  const found = find(question, context, []);
  if (found !== undefined) return found;
  if (zone.fallthrough.some((part) => isWithin(question.name, part))) return undefined;
  return { answer: negative(codes.NXDOMAIN, context) };
}

/** The longest of the zones that the name is in. */
const zoneOf = (name: string, zones: readonly string[]): string | undefined => {
  let best: string | undefined;
  for (const zone of zones) if (isWithin(name, zone) && (best === undefined || zone.length > best.length)) best = zone;
  return best;
};

/** undefined: there is no such name. */
function find(question: Question, context: Context, chain: readonly string[]): ClusterAnswer | undefined {
  const { name, type } = question;
  const { within, view, zone } = context;
  const labels = splitName(name.slice(0, Math.max(name.length - within.length - 1, 0))).toReversed();
  if (type === types.AXFR || type === types.IXFR) return { answer: said(codes.REFUSED, []) };
  if (labels.length === 0) return { answer: ofApex(question, context) };
  if (labels[0] === 'dns-version' && labels.length === 1) return { answer: ofVersion(question, context) };
  if (labels[0] === 'dns' && labels.length <= 2 && (labels[1] ?? 'ns') === 'ns')
    return {
      answer: positive(labels.length === 1 ? [] : addressRecords(name, type, serverPlaces(context), zone.ttl), context),
    };
  const reversed = type === types.PTR ? reversedAddress(name) : undefined;
  if (reversed !== undefined) return ofAddress(question, reversed, context);
  const places = locate(labels, view, zone);
  if (!places) return undefined;
  switch (type) {
    case types.A:
    case types.AAAA:
      return ofPlaces(question, places, context, chain);
    case types.CNAME:
      return {
        answer: positive(
          places.filter(({ isName }) => isName).map((to) => aliasOf(name, to, zone.ttl)),
          context,
        ),
      };
    case types.SRV:
      return { answer: ofServers(name, places, context) };
    default:
      return { answer: positive([], context) };
  }
}

const said = (code: number, answers: readonly Record[]): Answer => ({
  code,
  isAuthoritative: true,
  isRecursive: false,
  answers,
  authorities: [],
  additionals: [],
});

/** Without records it says how long that may be remembered (RFC 2308). */
const positive = (records: readonly Record[], context: Context, additionals: readonly Record[] = []): Answer =>
  records.length > 0 ? { ...said(codes.NOERROR, records), additionals } : negative(codes.NOERROR, context);

const negative = (code: number, context: Context): Answer => ({ ...said(code, []), authorities: [soaOf(context)] });

const inZone = (rest: string, zone: string): string => (zone === '' ? rest : `${rest}.${zone}`);

const soaOf = ({ within, zone: { ttl }, self }: Context): Record => ({
  name: within,
  ttl: Math.min(ttl, SOA_TTL_MAX),
  data: {
    type: 'SOA',
    server: inZone('ns.dns', within),
    mail: inZone('hostmaster', within),
    serial: self.serial,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttl,
  },
});

const ofVersion = ({ name, type }: Question, context: Context): Answer =>
  positive(
    type === types.TXT ? [{ name, ttl: SPECIFICATION_TTL, data: { type: 'TXT', texts: [SPECIFICATION] } }] : [],
    context,
  );

function ofApex({ name, type }: Question, context: Context): Answer {
  if (type === types.SOA) return positive([soaOf(context)], context);
  if (type !== types.NS) return positive([], context);
  const { ttl } = context.zone;
  const servers = serverPlaces(context).map((place) => ({ place, target: inZone(place.owner, context.within) }));
  const records = [...new Set(servers.map(({ target }) => target))].map((target): Record => ({
    name,
    ttl,
    data: { type: 'NS', target },
  }));
  return positive(
    records,
    context,
    servers.map(({ place, target }) => addressRecord(target, place.host, ttl)),
  );
}

/** Where this server is reached: by the services that have it as an endpoint, else by its own addresses. */
function serverPlaces({ self, view, zone }: Context): readonly Place[] {
  const found = self.addresses.flatMap((address) =>
    view.slicesAt(address).flatMap(({ metadata: { namespace = '', labels } }): readonly Place[] => {
      const name = labels?.[SERVICE_NAME] ?? '';
      return (locate(['svc', namespace, name], view, zone) ?? []).map((place) => ({ ...place, port: 0 }));
    }),
  );
  const unique = new Map(found.filter(({ isName }) => !isName).map((place) => [`${place.owner} ${place.host}`, place]));
  if (unique.size > 0) return [...unique.values()];
  const owner = NS_LABELS.toReversed().join('.');
  return self.addresses.map((host) => ({ host, isName: false, owner, port: 0 }));
}

function ofAddress({ name }: Question, address: string, context: Context): ClusterAnswer | undefined {
  const { view, zone } = context;
  const names = namesAt(address, view, zone);
  if (names.length === 0) return undefined;
  const records = names.map((target): Record => ({
    name,
    ttl: zone.ttl,
    data: { type: 'PTR', target: inZone(target, domainOf(zone)) },
  }));
  return { answer: positive(records, context) };
}

function ofPlaces(
  { name, type }: Question,
  places: readonly Place[],
  context: Context,
  chain: readonly string[],
): ClusterAnswer {
  const { zone, within } = context;
  const [first] = places;
  if (!first?.isName) return { answer: positive(addressRecords(name, type, places, zone.ttl), context) };
  const isCircle = first.host === name || chain.includes(first.host) || chain.length >= CHAIN_MAX;
  if (isCircle) return { answer: positive([], context) };
  const alias = aliasOf(name, first, zone.ttl);
  if (!isWithin(first.host, within)) return { answer: positive([alias], context), follow: first.host };
  const next = find({ name: first.host, type }, context, [...chain, name]);
  if (!next) return { answer: positive([], context) };
  const { answers } = next.answer;
  return answers.length === 0 && next.follow === undefined
    ? { answer: positive([], context) }
    : { ...next, answer: positive([alias, ...answers], context) };
}

const aliasOf = (name: string, { host }: Place, ttl: number): Record => ({
  name,
  ttl,
  data: { type: 'CNAME', target: host },
});

const addressRecord = (name: string, address: string, ttl: number): Record => ({
  name,
  ttl,
  data: { type: address.includes(':') ? 'AAAA' : 'A', address },
});

function addressRecords(name: string, type: number, places: readonly Place[], ttl: number): readonly Record[] {
  const hosts = new Set(places.filter(({ isName }) => !isName).map(({ host }) => host));
  return [...hosts]
    .filter((host) => (type === types.AAAA) === host.includes(':') && (type === types.A || type === types.AAAA))
    .map((host) => addressRecord(name, host, ttl));
}

/** Each place is as likely as any other. External names have no ports that anybody knows. */
function ofServers(name: string, places: readonly Place[], context: Context): Answer {
  const { ttl } = context.zone;
  const own = places.filter(({ isName }) => !isName);
  const weight = Math.max(Math.floor(100 / own.length), 1);
  const records = new Map<string, Record>();
  const additionals = new Map<string, Record>();
  for (const { host, owner, port } of own) {
    if (port < 0) continue;
    const target = inZone(owner, context.within);
    records.set(`${target} ${port}`, { name, ttl, data: { type: 'SRV', priority: 0, weight, port, target } });
    additionals.set(`${target} ${host}`, addressRecord(target, host, ttl));
  }
  return positive([...records.values()], context, [...additionals.values()]);
}
