import type { Ingress, IngressBackend } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import type { Wardrobe } from '../certificates.ts';
import { endpointsOf, portOf, type Surroundings } from '../endpoints.ts';
import { digestOf } from '../haproxy/line.ts';
import type { Backend, Endpoint, Forward, PathMatch, Problem, Route, Rule, Target } from '../model.ts';
import { type Options, optionsOf } from './annotations.ts';
import { forwardOf, rulesOf } from './backend-rules.ts';
import { canaryRoutes } from './canary.ts';
import { passwordsOf } from './passwords.ts';
import { mirrorsOf, questionsOf } from './requests.ts';
import { serviceIn, type Url } from './url.ts';

export interface TranslateDeps extends Surroundings {
  readonly wardrobe: Wardrobe;
  /** Where people reach what is served with TLS. */
  readonly httpsPort: number;
}

export interface Translation {
  readonly routes: readonly Route[];
  readonly backends: readonly Backend[];
  readonly problems: readonly Problem[];
}

/**
 * What Ingresses of our class want, all together. Where two want the same host and path the older one has it. Whatever
 * cannot be done is told of its Ingress; everything else is done.
 */
export function translateIngresses(ingresses: readonly Ingress[], deps: TranslateDeps): Translation {
  const translator = new Translator(deps);
  const sorted = [...ingresses].sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1));
  const read = sorted.map((ingress) => translator.read(ingress));
  for (const one of read) if (!one.options.canary) translator.take(one);
  for (const one of read) if (one.options.canary) translator.takeCanary(one);
  return translator.result();
}

const rankOf = (ingress: Ingress): string => `${ingress.metadata.creationTimestamp ?? ''} ${keyOf(ingress)}`;

/** An Ingress with what its annotations say. */
interface Subject {
  readonly ingress: Ingress;
  readonly owner: string;
  readonly namespace: string;
  readonly options: Options;
}

interface Place {
  readonly host: string;
  readonly path: PathMatch;
  readonly written: string;
  readonly backend: IngressBackend | undefined;
}

/** What comes after everything else. */
const REST: PathMatch = { type: 'begin', value: '' };

class Translator {
  readonly #deps: TranslateDeps;
  readonly #problems: Problem[] = [];
  readonly #backends = new Map<string, Backend>();
  /** By host and path. */
  readonly #routes = new Map<string, Route>();
  /** Whose hosts are also asked for with `www.`, or without. */
  readonly #others: Subject[] = [];
  readonly #canaries = new Map<string, readonly Route[]>();

  constructor(deps: TranslateDeps) {
    this.#deps = deps;
  }

  read(ingress: Ingress): Subject {
    const owner = keyOf(ingress);
    const { options, problems } = optionsOf(ingress, owner);
    this.#problems.push(...problems);
    return { ingress, owner, namespace: ingress.metadata.namespace ?? '', options };
  }

  take(subject: Subject): void {
    this.#certificates(subject);
    for (const place of placesOf(subject)) {
      const key = keyOfPlace(place);
      const held = this.#routes.get(key);
      if (held) this.#conflict(subject, place, held.owner);
      else this.#routes.set(key, this.#route(subject, place));
    }
    if (subject.options['from-to-www-redirect']) this.#others.push(subject);
  }

  /** Sends `www.` of a host to the host, or the other way, unless somebody serves that. */
  #takeOthers(): void {
    const hosts = new Set([...this.#routes.values()].map(({ host }) => host));
    for (const { ingress, owner } of this.#others) {
      const own = (ingress.spec.rules ?? []).flatMap(({ host }) => (host ? [host.toLowerCase()] : []));
      for (const host of own) {
        const other = host.startsWith('www.') ? host.slice('www.'.length) : `www.${host}`;
        if (hosts.has(other) || host.startsWith('*.')) continue;
        hosts.add(other);
        const backend = this.#keep(owner, `www:${host}`, [{ do: 'redirect', to: { status: 308, host } }], undefined);
        this.#routes.set(`${other} rest`, {
          host: other,
          wildcard: 'one-label',
          path: REST,
          conditions: [],
          targets: [{ weight: 1, backend }],
          owner,
          since: ingress.metadata.creationTimestamp ?? '',
        });
      }
    }
  }

  takeCanary(subject: Subject): void {
    for (const place of placesOf(subject)) {
      const key = keyOfPlace(place);
      const main = this.#routes.get(key);
      if (!main || this.#canaries.has(key)) {
        const why = main
          ? 'has a canary already'
          : 'is not served by another Ingress: there is nothing to be a canary of';
        this.#tell(subject, 'InvalidCanary', `${wordsOf(place)} ${why}`);
      } else this.#canaries.set(key, canaryRoutes(main, this.#route(subject, place), subject.options));
    }
  }

  result(): Translation {
    this.#takeOthers();
    return {
      routes: [...this.#routes].flatMap(([key, route]) => this.#canaries.get(key) ?? [route]),
      backends: [...this.#backends.values()],
      problems: this.#problems,
    };
  }

  #tell({ owner }: Subject, reason: string, message: string): void {
    this.#problems.push({ owner, reason, message });
  }

  #conflict(subject: Subject, place: Place, holder: string): void {
    const whose =
      holder === subject.owner ? 'is there twice: the first is taken' : `is served by Ingress ${holder} already`;
    this.#tell(subject, 'Conflict', `${wordsOf(place)} ${whose}`);
  }

  #certificates({ ingress: { spec }, owner, namespace }: Subject): void {
    for (const { hosts = [], secretName } of spec.tls ?? []) {
      // Without a secret the default certificate is meant.
      if (!secretName) continue;
      const wish = { namespace, secretName, hosts, owner };
      this.#problems.push(...this.#deps.wardrobe.add(wish, this.#deps.secret(namespace, secretName)));
    }
  }

  #route(subject: Subject, place: Place): Route {
    const { owner, ingress } = subject;
    return {
      host: place.host,
      wildcard: 'one-label',
      path: place.path,
      conditions: [],
      targets: this.#targets(subject, place),
      owner,
      since: ingress.metadata.creationTimestamp ?? '',
    };
  }

  #targets(subject: Subject, place: Place): readonly Target[] {
    const { options, namespace, owner } = subject;
    const passwords = passwordsOf({ options, namespace, owner, secret: this.#deps.secret });
    const asking = { options, owner, backendOf: (url: Url) => this.#backendOf(subject, url) };
    const [questions, mirrors] = [questionsOf(asking), mirrorsOf(asking)];
    const errors = this.#errors(subject, place);
    this.#problems.push(...passwords.problems, ...questions.problems, ...mirrors.problems);
    const rules = rulesOf({
      options,
      path: place.written,
      isRegex: place.path.type === 'regex',
      isSecured: isSecured(subject, place.host),
      httpsPort: this.#deps.httpsPort,
      guards: [...(passwords.rule ? [passwords.rule] : []), ...questions.rules, ...mirrors.rules, ...errors],
    });
    const isAnswered = rules.some((rule) => rule.do === 'send-to' && rule.onlyFrom === undefined);
    const found = isAnswered ? { name: 'redirect' } : this.#destination(subject, place);
    if (!found) return [];
    const { name, ...destination } = found;
    const forward = isAnswered ? undefined : { ...forwardOf(options), endpoints: [], ...destination };
    return [{ weight: 1, backend: this.#keep(owner, name, rules, forward) }];
  }

  /** A backend that leads to a URL, in the cluster or outside. */
  #backendOf(subject: Subject, url: Url): string | Problem {
    const { owner } = subject;
    const protocol = url.isTls ? 'https' : 'http';
    const named = serviceIn(url);
    let forward: Forward = { protocol, endpoints: [], external: { host: url.host, port: url.port } };
    if (named) {
      const { name, namespace } = named;
      const service = this.#deps.service(namespace, name);
      const port = service && portOf(service, { number: url.port });
      if (!service || !port) {
        const what = service ? `has no port ${url.port}` : 'not found';
        return { owner, reason: 'ServiceNotFound', message: `service "${namespace}/${name}" of ${url.text} ${what}` };
      }
      const endpoints = endpointsOf(service, port, this.#deps.slices(namespace, name));
      forward = { protocol, endpoints };
    }
    return this.#keep(owner, `url:${digestOf(`${url.host}:${url.port}`)}`, [], forward);
  }

  /** What is shown instead of errors: what the default backend says. */
  #errors(subject: Subject, { backend }: Place): readonly Rule[] {
    const { options, owner, namespace, ingress } = subject;
    const [statuses = [], name] = [options['custom-http-errors'], options['default-backend']];
    if (statuses.length === 0) return [];
    const [port] = name === undefined ? [] : (this.#deps.service(namespace, name)?.spec.ports ?? []);
    const found = name !== undefined && port ? this.#service(subject, name, { number: port.port }) : undefined;
    if (!found) {
      this.#tell(
        subject,
        'InvalidAnnotation',
        'custom-http-errors needs default-backend, a service that says what is shown',
      );
      return [];
    }
    const { name: label, ...destination } = found;
    const to = this.#keep(owner, label, [], { protocol: 'http', endpoints: [], ...destination });
    const { service } = backend ?? {};
    const said = {
      'X-Namespace': namespace,
      'X-Ingress-Name': ingress.metadata.name,
      'X-Service-Name': service?.name ?? '',
      'X-Service-Port': String(service?.port.number ?? service?.port.name ?? ''),
    };
    const headers = Object.entries(said).map(([header, value]) => ({ name: header, value: value ?? '' }));
    return [{ do: 'explain', statuses, to, headers }];
  }

  #keep(owner: string, name: string, rules: readonly Rule[], forward: Forward | undefined): string {
    const id = `b:${name}:${digestOf(JSON.stringify([owner, rules, { ...forward, endpoints: [] }]))}`;
    this.#backends.set(id, { id, owner, rules, ...(forward ? { forward } : {}) });
    return id;
  }

  #destination(subject: Subject, place: Place): Destination | undefined {
    const { backend } = place;
    if (backend?.resource) {
      const { kind, name } = backend.resource;
      this.#tell(subject, 'ResourceBackend', `${wordsOf(place)}: backends of kind ${kind} (${name}) are not supported`);
      return undefined;
    }
    if (!backend?.service) return undefined;
    const { name, port } = backend.service;
    const found = this.#service(subject, name, port);
    const fallback = subject.options['default-backend'];
    if (found && (found.external || (found.endpoints ?? []).length > 0 || fallback === undefined)) return found;
    const [first] = fallback === undefined ? [] : (this.#deps.service(subject.namespace, fallback)?.spec.ports ?? []);
    return fallback !== undefined && first ? this.#service(subject, fallback, { number: first.port }) : found;
  }

  #service(subject: Subject, name: string, reference: { name?: string; number?: number }): Destination | undefined {
    const { namespace } = subject;
    const service = this.#deps.service(namespace, name);
    const label = `${namespace}:${name}:${reference.name ?? reference.number ?? ''}`;
    if (!service) {
      this.#tell(subject, 'ServiceNotFound', `service "${namespace}/${name}" not found`);
      return undefined;
    }
    const port = portOf(service, reference);
    if (service.spec.type === 'ExternalName' && (port?.port ?? reference.number) !== undefined) {
      const host = (service.spec.externalName ?? '').replace(/\.$/, '');
      return { name: label, external: { host, port: port?.port ?? reference.number ?? 0 } };
    }
    if (!port) {
      const wanted = reference.name ? JSON.stringify(reference.name) : String(reference.number ?? 0);
      this.#tell(subject, 'PortNotFound', `service "${namespace}/${name}" has no port ${wanted}`);
      return undefined;
    }
    return { name: label, endpoints: endpointsOf(service, port, this.#deps.slices(namespace, name)) };
  }
}

interface Destination {
  readonly name: string;
  readonly endpoints?: readonly Endpoint[];
  readonly external?: { readonly host: string; readonly port: number };
}

const keyOfPlace = ({ host, path }: Place): string =>
  `${host} ${path.type} ${path.type === 'prefix' ? path.value.replace(/\/+$/, '') : path.value}`;

function wordsOf({ host, path, written }: Place): string {
  if (path === REST) return host === '' ? 'the default backend' : `the default backend of host "${host}"`;
  return `host "${host === '' ? '*' : host}" path "${written}"`;
}

/** Host names are compared without case. */
const isSecured = ({ ingress: { spec } }: Subject, host: string): boolean =>
  (spec.tls ?? []).some(({ hosts = [] }) => (hosts.length === 0 && host !== '' ? true : hosts.includes(host)));

/** Every host and path of an Ingress, and its rest. */
function placesOf(subject: Subject): readonly Place[] {
  const { ingress, options } = subject;
  const { spec } = ingress;
  const aliases = options['server-alias'] ?? [];
  const hosts = new Set<string>();
  const places: Place[] = [];
  for (const { host = '', http } of spec.rules ?? []) {
    for (const one of host === '' ? [''] : [host, ...aliases].map((name) => name.toLowerCase())) {
      hosts.add(one);
      for (const { path = '/', pathType, backend } of http?.paths ?? [])
        places.push({ host: one, path: pathOf(path === '' ? '/' : path, pathType, options), written: path, backend });
    }
  }
  const { defaultBackend } = spec;
  if (!defaultBackend) return places;
  hosts.add('');
  return [...places, ...[...hosts].map((host) => ({ host, path: REST, written: '', backend: defaultBackend }))];
}

/** As ingress-nginx: paths are regular expressions where that is said, or where a rewrite takes groups from them. */
function pathOf(value: string, pathType: string, options: Options): PathMatch {
  const isRegex = options['use-regex'] ?? /\$\{?\d/.test(options['rewrite-target'] ?? '');
  if (isRegex) return { type: 'regex', value: pathType === 'Exact' ? `${value}$` : value, ignoreCase: true };
  return { type: pathType === 'Exact' ? 'exact' : pathType === 'Prefix' ? 'prefix' : 'begin', value };
}
