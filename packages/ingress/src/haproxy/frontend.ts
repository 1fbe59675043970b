import type { Bind, Condition, Entrance, Route, Target, Wildcard } from '../model.ts';
import { byPrecedence, keyOfPath, labelsOf } from '../precedence.ts';
import { certificateFile, DEFAULT_CERTIFICATE, digestOf, type Line, lines, NOBODY, NOTHING } from './line.ts';
import { literal, word } from './quote.ts';

export interface Front {
  readonly lines: readonly Line[];
  readonly files: ReadonlyMap<string, string>;
}

/**
 * The section that finds a request's route. Names, whole paths and prefixes are looked up in trees, so that it costs the
 * same however many routes there are; what asks for more than a path is gone through in order, for that path only.
 */
export function frontend(entrance: Entrance, n: number): Front {
  const builder = new FrontBuilder(entrance, `e${n}`);
  return builder.build();
}

const IS_OPEN = '!{ var(txn.to) -m found }';
/** A place's name: routes of which conditions have to choose. Backends' begin with `b`. */
const PLACE = 'p';
const SPLIT = 's';

class FrontBuilder {
  readonly #entrance: Entrance;
  readonly #name: string;
  readonly #files = new Map<string, string>();
  readonly #lines: Line[] = [];
  readonly #exact: string[] = [];
  readonly #prefix: string[] = [];
  readonly #splits = new Map<string, readonly Target[]>();
  #hosts = 0;
  #places = 0;

  constructor(entrance: Entrance, name: string) {
    this.#entrance = entrance;
    this.#name = name;
  }

  build(): Front {
    const { binds, routes } = this.#entrance;
    this.#say(`frontend ${this.#name}`);
    for (const bind of binds) this.#lines.push(...lines([this.#bindText(bind)], bind.owner));
    this.#say(...prepare(this.#entrance));
    this.#stayApart();
    const sorted = [...routes].sort(byPrecedence);
    const byHost = Map.groupBy(sorted, ({ host }) => host);
    const names = [...byHost].filter(([host]) => host !== '' && !host.startsWith('*.'));
    if (names.length > 0) this.#stage('map_str', names, (host) => host);
    for (const wildcards of this.#wildcardStages(sorted))
      this.#stage('map_reg', wildcards.hosts, (host) => patternOf(host, wildcards.wildcard));
    const every = byHost.get('');
    if (every) this.#stageOfEvery(every);
    for (const [name, targets] of this.#splits) this.#say(...splitText(name, targets));
    this.#say('  use_backend %[var(txn.to)] if { var(txn.to) -m found }', `  default_backend ${NOBODY}`);
    this.#files.set(this.#file('exact'), mapText(this.#exact));
    this.#files.set(this.#file('prefix'), mapText(this.#prefix));
    return { lines: this.#lines, files: this.#files };
  }

  #say(...texts: readonly string[]): void {
    this.#lines.push(...lines(texts));
  }

  #file(what: string): string {
    return `${this.#name}-${what}.map`;
  }

  #bindText({ address, port, isTls }: Bind): string {
    const at = `${address === undefined ? '' : address.includes(':') ? `[${address}]` : address}:${port}`;
    // Without an address: one socket for both families.
    const family = address === undefined ? ':::' : undefined;
    const where = family === undefined ? at : `${family}${port} v4v6`;
    if (!isTls) return `  bind ${where}`;
    const { certificates, defaultCertificate } = this.#entrance;
    const list = `${this.#name}-certificates.list`;
    const named = certificates.filter(({ hosts }) => hosts.length > 0);
    if (named.length > 0) {
      const text = named.map(({ id, hosts }) => [certificateFile(id), ...hosts].join(' '));
      this.#files.set(list, `${text.join('\n')}\n`);
    }
    const first = defaultCertificate === undefined ? DEFAULT_CERTIFICATE : certificateFile(defaultCertificate);
    const more = named.length > 0 ? ` crt-list ${list}` : '';
    return `  bind ${where} ssl crt ${first}${more} alpn h2,http/1.1`;
  }

  /** A browser that has a connection for one name uses it for others of the same certificate, which may be served apart. */
  #stayApart(): void {
    const { apart = [], binds } = this.#entrance;
    if (apart.length === 0 || !binds.some(({ isTls }) => isTls)) return;
    const map = this.#file('apart');
    // Regular expressions are tried in the order of their lines: what says more comes first.
    const sorted = [...new Set(apart)].sort((a, b) => rankOf(b) - rankOf(a));
    this.#files.set(
      map,
      mapText(
        sorted.map((host, n) => `${host.startsWith('*.') ? patternOf(host, 'labels') : `^${literal(host)}$`} ${n}`),
      ),
    );
    this.#say(
      `  http-request set-var(txn.part) var(txn.host),map_reg(${map},none)`,
      `  http-request set-var(txn.tls_part) ssl_fc_sni,lower,map_reg(${map},none)`,
      '  http-request return status 421 if { ssl_fc_has_sni } !{ var(txn.part),strcmp(txn.tls_part) eq 0 }',
    );
  }

  /** Longer wildcards before shorter ones, and of one length those that say more; what is left excludes each other. */
  #wildcardStages(routes: readonly Route[]): readonly WildcardStage[] {
    const wild = routes.filter(({ host }) => host.startsWith('*.'));
    const stages = Map.groupBy(wild, ({ host, wildcard }) => `${labelsOf(host)} ${wildcard}`);
    return [...stages.values()].map((group) => ({
      wildcard: group[0]?.wildcard ?? 'labels',
      hosts: [...Map.groupBy(group, ({ host }) => host)],
    }));
  }

  #stage(look: string, hosts: readonly (readonly [string, readonly Route[]])[], keyOf: (host: string) => string): void {
    const map = this.#file(`hosts${this.#hosts}`);
    const ids = hosts.map(([host, routes]) => ({ key: keyOf(host), id: `h${this.#hosts++}`, routes }));
    this.#files.set(map, mapText(ids.map(({ key, id }) => `${key} ${id}`)));
    this.#say('  http-request unset-var(txn.vhost)', '  http-request unset-var(txn.at)');
    this.#say(`  http-request set-var(txn.vhost) var(txn.host),${look}(${map}) if ${IS_OPEN}`);
    this.#lookUp(ids);
  }

  #stageOfEvery(routes: readonly Route[]): void {
    const id = `h${this.#hosts++}`;
    this.#say('  http-request unset-var(txn.vhost)', '  http-request unset-var(txn.at)');
    this.#say(`  http-request set-var(txn.vhost) str(${id}) if ${IS_OPEN}`);
    this.#lookUp([{ id, routes }]);
  }

  #lookUp(hosts: readonly { readonly id: string; readonly routes: readonly Route[] }[]): void {
    const known = '{ var(txn.vhost) -m found }';
    this.#say(
      `  http-request set-var(txn.at) var(txn.vhost),concat(:,txn.path),map_str(${this.#file('exact')}) if ${known}`,
      `  http-request set-var(txn.at) var(txn.vhost),concat(:,txn.slashed),map_beg(${this.#file('prefix')}) if ${known} !{ var(txn.at) -m found }`,
      `  http-request set-var(txn.to) var(txn.at) if ${IS_OPEN} { var(txn.at) -m beg b ${SPLIT} }`,
    );
    for (const { id, routes } of hosts) this.#host(id, routes);
  }

  #host(id: string, routes: readonly Route[]): void {
    if (routes.some(({ path }) => path.type === 'regex')) {
      this.#prefix.push(`${id}: ${this.#place(routes, true)}`);
      return;
    }
    const exact = Map.groupBy(
      routes.filter(({ path }) => path.type === 'exact'),
      ({ path }) => path.value,
    );
    const prefixes = Map.groupBy(
      routes.filter(({ path }) => path.type !== 'exact'),
      ({ path }) => keyOfPath(path),
    );
    for (const [value, own] of exact) {
      const to = this.#place([...own, ...shorter(`${value}/`, prefixes)], false);
      if (isKey(value)) this.#exact.push(`${id}:${value} ${to}`);
    }
    for (const [key, own] of prefixes) {
      const to = this.#place([...own, ...shorter(key, prefixes, key)], false);
      if (isKey(key)) this.#prefix.push(`${id}:${key} ${to}`);
    }
  }

  /** The first route that holds, of several: the name of where to go, or of the place where it is looked at. */
  #place(candidates: readonly Route[], withPaths: boolean): string {
    const last = candidates.findIndex(({ conditions }) => !withPaths && conditions.length === 0);
    const routes = last < 0 ? candidates : candidates.slice(0, last + 1);
    const [first] = routes;
    if (first && last === 0) return this.#goal(first);
    const name = `${PLACE}${this.#places++}`;
    for (const route of routes) {
      const conditions = [...(withPaths ? [pathText(route)] : []), ...route.conditions.map(conditionText)];
      const owner = route.owner;
      const text = `  http-request set-var(txn.to) str(${this.#goal(route)}) if ${IS_OPEN} { var(txn.at) -m str ${name} } ${conditions.join(' ')}`;
      this.#lines.push({ text, owner });
    }
    return name;
  }

  #goal({ targets }: Route): string {
    const weighted = targets.filter(({ weight }) => weight > 0);
    const [only] = weighted;
    if (!only) return NOTHING;
    if (weighted.length === 1) return only.backend;
    const name = `${SPLIT}${digestOf(JSON.stringify(weighted))}`;
    this.#splits.set(name, weighted);
    return name;
  }
}

interface WildcardStage {
  readonly wildcard: Wildcard;
  readonly hosts: readonly (readonly [string, readonly Route[]])[];
}

const patternOf = (host: string, wildcard: Wildcard): string =>
  `^${wildcard === 'labels' ? '.+' : '[^.]+'}${literal(host.slice(1))}$`;

const rankOf = (host: string): number => labelsOf(host) + (host.startsWith('*.') ? 0 : 1_000);

/** Where a request came from is told to who answers it; what a client says of that is not believed. */
const prepare = ({ port }: Entrance): readonly string[] => [
  '  http-request set-var(txn.host) req.hdr(host),regsub(:[0-9]+$,),regsub([.]$,),lower',
  '  http-request set-var(txn.path) path',
  '  http-request set-var(txn.slashed) path,concat(/)',
  '  http-request set-header X-Request-ID %[uuid()] if !{ req.hdr(x-request-id) -m found }',
  '  http-request set-header X-Real-IP %[src]',
  '  http-request set-header X-Forwarded-For %[src]',
  '  http-request set-header X-Forwarded-Host %[req.hdr(host)]',
  `  http-request set-header X-Forwarded-Port ${port ?? '%[dst_port]'}`,
  '  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]',
  '  http-request set-header X-Forwarded-Scheme %[ssl_fc,iif(https,http)]',
];

/** What less specific prefixes have for the same request, the longest first. */
function shorter(key: string, prefixes: ReadonlyMap<string, readonly Route[]>, without?: string): readonly Route[] {
  const found: string[] = [];
  for (let end = key.length; end >= 0; end--) {
    const candidate = key.slice(0, end);
    if (candidate !== without && prefixes.has(candidate)) found.push(candidate);
  }
  return found.flatMap((candidate) => prefixes.get(candidate) ?? []);
}

/** No request has a path with a space in it, and a map could not hold it. */
const isKey = (text: string): boolean => !/\s/.test(text);

const mapText = (entries: readonly string[]): string => entries.map((entry) => `${entry}\n`).join('');

function splitText(name: string, targets: readonly Target[]): readonly string[] {
  let left = targets.reduce((sum, { weight }) => sum + weight, 0);
  return targets.map(({ backend, weight }) => {
    const share = weight === left ? '' : ` { rand(${left}) lt ${weight} }`;
    left -= weight;
    return `  http-request set-var(txn.to) str(${backend}) if { var(txn.to) -m str ${name} }${share}`;
  });
}

function pathText({ path }: Route): string {
  if (path.type === 'exact') return `{ path -m str -- ${word(path.value)} }`;
  if (path.type === 'regex') return `{ path -m reg ${path.ignoreCase ? '-i ' : ''}-- ${word(`^(?:${path.value})`)} }`;
  const key = keyOfPath(path);
  return key === '' ? '' : `{ var(txn.slashed) -m beg -- ${word(key)} }`;
}

function conditionText({ of, name, type, value }: Condition): string {
  // An empty word would end the list of patterns.
  const pattern = value === '' ? '-m len 0' : `-m ${type === 'exact' ? 'str' : 'reg'} -- ${word(value)}`;
  switch (of) {
    case 'port':
      return `{ dst_port ${value} }`;
    case 'method':
      return `{ method ${word(value)} }`;
    case 'header':
      return `{ req.fhdr(${name}) ${pattern} }`;
    case 'query':
      return `{ url_param(${name}) ${pattern} }`;
    case 'cookie':
      return `{ req.cook(${name}) ${pattern} }`;
  }
}
