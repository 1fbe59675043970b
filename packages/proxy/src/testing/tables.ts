import { invariant } from '@navarch/base';

export interface Tables {
  readonly sets: Map<string, Map<string, string>>;
  readonly chains: Map<string, string[]>;
  isThere: boolean;
}

/**
 * A packet filter of the commands that the proxy uses, read from their text alone: it takes transactions as the kernel does,
 * whole or not at all, and refuses what the kernel refuses. It knows nothing of what the rules are for.
 */
export class TransactedTables {
  #tables: Tables = { sets: new Map(), chains: new Map(), isThere: false };

  get now(): Tables {
    return this.#tables;
  }

  /** Throws, and changes nothing, where the kernel would refuse a command. */
  apply(script: string): void {
    const draft = structuredClone(this.#tables);
    for (const line of script.split('\n').filter((text) => text !== '')) command(draft, line);
    this.#tables = draft;
  }

  /** As `nft flush table` does: chains and sets stay. */
  flush(): void {
    for (const name of this.#tables.chains.keys()) this.#tables.chains.set(name, []);
  }

  /** `map services` or `chain drops`. */
  isNamed(thing: string): boolean {
    const [what, name = ''] = thing.split(' ');
    const pattern = what === 'chain' ? `(?:goto|jump) ${name}` : `@${name}`;
    const rules = [...this.#tables.chains.values()].flat();
    return rules.some((rule) => new RegExp(`${pattern}(?: |$)`).test(rule));
  }

  /** Everything that it has, in an order of its own. */
  dump(): string {
    const { sets, chains } = this.#tables;
    const text = (map: ReadonlyMap<string, unknown>): unknown =>
      [...map].map(([name, value]) => [name, value instanceof Map ? text(value) : value]).sort();
    return JSON.stringify([text(sets), text(chains)]);
  }
}

function command(tables: Tables, line: string): void {
  const [, verb = '', what = '', rest = ''] = /^(\w+) (\w+) inet \S+ ?(.*)$/.exec(line) ?? [];
  const [name = ''] = rest.split(' ', 1);
  const body = rest.slice(name.length + 1);
  const refuse = (why: string): never => invariant(false, `${why}: ${line}`) as never;
  const { sets, chains } = tables;
  switch (`${verb} ${what}`) {
    case 'add table':
      tables.isThere = true;
      return;
    case 'delete table':
      if (!tables.isThere) refuse('No such table');
      tables.isThere = false;
      sets.clear();
      chains.clear();
      return;
    case 'add set':
    case 'add map':
      if (!sets.has(name)) sets.set(name, new Map());
      return;
    case 'delete set':
      if (!sets.delete(name)) refuse('No such set');
      if ([...chains.values()].some((rules) => rules.some((rule) => rule.split(' ').includes(`@${name}`))))
        refuse('A rule reads the set');
      return;
    case 'add chain':
      if (!tables.isThere) refuse('No such table');
      if (!chains.has(name)) chains.set(name, []);
      return;
    case 'flush chain':
      if (!chains.has(name)) refuse('No such chain');
      chains.set(name, []);
      return;
    case 'delete chain':
      if (!chains.delete(name)) refuse('No such chain');
      if (targets(tables).has(name)) refuse('Something leads to the chain');
      return;
    case 'add rule':
      if (!chains.has(name)) refuse('No such chain');
      chains.get(name)?.push(body);
      for (const [, set = ''] of body.matchAll(/@(\S+)/g)) if (!sets.has(set)) refuse('No such set');
      for (const [, target = ''] of body.matchAll(/(?:goto|jump) ([^\s,]+)/g))
        if (!chains.has(target)) refuse('No such chain');
      return;
    case 'add element':
    case 'delete element':
      return elements(tables, verb, name, body, refuse);
    default:
      refuse('No such command');
  }
}

function elements(tables: Tables, verb: string, name: string, body: string, refuse: (why: string) => never): void {
  const set = tables.sets.get(name) ?? refuse('No such set');
  for (const entry of body.slice(2, -2).split(', ')) {
    const [key = '', verdict = ''] = entry.split(' : ');
    if (verb === 'delete') {
      if (!set.delete(key)) refuse('No such element');
      continue;
    }
    const target = /^goto (\S+)$/.exec(verdict)?.[1];
    if (target !== undefined && !tables.chains.has(target)) refuse('No such chain');
    if (set.has(key) && set.get(key) !== verdict) refuse('The element is there already');
    set.set(key, verdict);
  }
}

const targets = ({ sets, chains }: Tables): ReadonlySet<string> =>
  new Set(
    [...[...sets.values()].flatMap((set) => [...set.values()]), ...[...chains.values()].flat()].flatMap((text) =>
      [...text.matchAll(/(?:goto|jump) ([^\s,]+)/g)].map(([, target = '']) => target),
    ),
  );
