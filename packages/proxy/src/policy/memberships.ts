import { ipFamilyOf } from '@navarch/api';
import { FAMILIES, type Family } from '../families.ts';
import { type NamedPort, peerSet, portSet, type Side } from './compile.ts';
import { addressSet, portOfAddressSet } from './fixed.ts';
import { isPeer, type Peer } from './peers.ts';
import type { PodFacts } from './pod-facts.ts';
import type { Table } from '../table.ts';

type Labels = Readonly<Record<string, string>>;

/** A question about all pods whose answer rules read from a set of each family. */
export interface Membership {
  /** The same question has the same name. */
  readonly name: string;
  /** Only pods of this one may be in it. */
  readonly namespace: string | undefined;
  setOf(family: Family): string;
  declarationOf(family: Family): string;
  /** What stands for one address of the pod; undefined where it is no member. `labels` are its namespace's. */
  elementOf(pod: PodFacts, labels: Labels | undefined): ((address: string) => string) | undefined;
}

export const membershipsOf = ({ peers, namedPorts }: Side): readonly Membership[] => [
  ...peers.map(ofPeer),
  ...namedPorts.map(ofPort),
];

const itself = (address: string): string => address;

const ofPeer = (peer: Peer): Membership => ({
  name: `pods-${peer.name}`,
  namespace: peer.namespace,
  setOf: (family) => peerSet(peer, family),
  declarationOf: addressSet,
  elementOf: (pod, labels) => (isPeer(peer, pod, labels) ? itself : undefined),
});

const ofPort = (port: NamedPort): Membership => ({
  name: `port-${port.protocol}/${port.name}`,
  namespace: undefined,
  setOf: (family) => portSet(port, family),
  declarationOf: portOfAddressSet,
  elementOf: ({ ports }) => {
    const key = `${port.protocol}/${port.name}`;
    const number = Object.hasOwn(ports, key) ? ports[key] : undefined;
    return number === undefined ? undefined : (address) => `${address} . ${number}`;
  },
});

export interface Pods {
  pods(): Iterable<PodFacts>;
  labelsOf(namespace: string): Labels | undefined;
}

interface Active {
  readonly membership: Membership;
  uses: number;
  /** By pod: elements with the set that they are in. */
  readonly members: Map<string, readonly Placed[]>;
}

interface Placed {
  readonly set: string;
  readonly element: string;
}

export const familyOf = (address: string): Family =>
  FAMILIES.find(({ name }) => name === ipFamilyOf(address)) as Family;

/** Keeps the sets of all questions that some rule asks. */
export class Memberships {
  readonly #table: Table;
  readonly #families: readonly Family[];
  readonly #pods: Pods;
  readonly #active = new Map<string, Active>();
  /** The same by namespace; under the empty name those about all. */
  readonly #byNamespace = new Map<string, Set<Active>>();

  constructor(table: Table, families: readonly Family[], pods: Pods) {
    this.#table = table;
    this.#families = families;
    this.#pods = pods;
  }

  /** One more rule asks. */
  use(membership: Membership): void {
    const known = this.#active.get(membership.name);
    if (known) {
      known.uses++;
      return;
    }
    const active: Active = { membership, uses: 1, members: new Map() };
    this.#active.set(membership.name, active);
    const scope = membership.namespace ?? '';
    const others = this.#byNamespace.get(scope);
    if (others) others.add(active);
    else this.#byNamespace.set(scope, new Set([active]));
    for (const family of this.#families) this.#table.addSet(membership.setOf(family), membership.declarationOf(family));
    for (const pod of this.#pods.pods()) if (scope === '' || pod.namespace === scope) this.#placeIn(active, pod);
  }

  /** One rule less asks. */
  leave({ name, namespace = '', setOf }: Membership): void {
    const active = this.#active.get(name);
    if (!active || --active.uses > 0) return;
    this.#active.delete(name);
    const others = this.#byNamespace.get(namespace);
    others?.delete(active);
    if (others?.size === 0) this.#byNamespace.delete(namespace);
    for (const family of this.#families) this.#table.removeSet(setOf(family));
  }

  /** The pod, or the labels of its namespace, have changed, or it is new. */
  place(pod: PodFacts): void {
    for (const active of this.#about(pod.namespace)) this.#placeIn(active, pod);
  }

  remove(key: string): void {
    for (const active of this.#about(key.slice(0, key.indexOf('/')))) {
      for (const { set, element } of active.members.get(key) ?? []) this.#table.drop(set, element);
      active.members.delete(key);
    }
  }

  *#about(namespace: string): Iterable<Active> {
    yield* this.#byNamespace.get(namespace) ?? [];
    yield* this.#byNamespace.get('') ?? [];
  }

  #placeIn({ membership, members }: Active, pod: PodFacts): void {
    const elementOf = membership.elementOf(pod, this.#pods.labelsOf(pod.namespace));
    const before = members.get(pod.key);
    if (!elementOf && !before) return;
    const after = elementOf
      ? pod.addresses.map((address) => ({ set: membership.setOf(familyOf(address)), element: elementOf(address) }))
      : [];
    for (const { set, element } of before ?? [])
      if (!after.some((placed) => placed.element === element)) this.#table.drop(set, element);
    for (const { set, element } of after) this.#table.put(set, element);
    if (elementOf) members.set(pod.key, after);
    else members.delete(pod.key);
  }
}
