import { type Node, node } from '@navarch/api';
import { type Clock, invariant, TaskGroup } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { NodeGroup, NodeGroups } from '@navarch/controllers';
import { hasReason } from '@navarch/machinery';

export interface SimNodeGroup {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** How many there are at first. */
  readonly size: number;
  /** What one has room for. */
  readonly room: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface SimNodeGroupsOptions {
  readonly api: Api;
  readonly clock: Clock;
  /** From the request until a node is ready, milliseconds. */
  readonly bootMs: number;
  readonly groups: readonly SimNodeGroup[];
}

const GROUP = 'sim.navarch/node-group';

/** A cloud as far as nodes go: they come after a while, ready, and go at once. The API has them, no machine does. */
export class SimNodeGroups implements NodeGroups, AsyncDisposable {
  readonly #options: SimNodeGroupsOptions;
  readonly #tasks: TaskGroup;
  /** Names of those that are, or are on their way, by group. */
  readonly #nodes = new Map<string, readonly string[]>();
  #serial = 0;
  /** Set: nothing can be had for that reason. */
  outage: string | undefined;

  constructor(options: SimNodeGroupsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#tasks = new TaskGroup(signal);
  }

  static async start(options: SimNodeGroupsOptions, signal: AbortSignal): Promise<SimNodeGroups> {
    const all = new SimNodeGroups(options, signal);
    for (const { name, size } of options.groups)
      for (let i = 0; i < size; i++) await all.#register(name, all.#named(name));
    return all;
  }

  async list(): Promise<readonly NodeGroup[]> {
    return this.#options.groups.map((group) => {
      const { name, min, max } = group;
      const nodes = this.#nodes.get(name) ?? [];
      return { name, min, max, target: nodes.length, template: templateOf(group, `template-${name}`), nodes };
    });
  }

  async increase(group: string, by: number): Promise<void> {
    if (this.outage !== undefined) throw new Error(this.outage);
    const { max } = this.#of(group);
    invariant((this.#nodes.get(group)?.length ?? 0) + by <= max, 'a node group is never larger than its maximum');
    for (let i = 0; i < by; i++) {
      const name = this.#named(group);
      this.#tasks.spawn(async (signal) => {
        await this.#options.clock.sleep(this.#options.bootMs, signal);
        await this.#register(group, name);
      });
    }
  }

  async remove(group: string, nodes: readonly Node[]): Promise<void> {
    const { min } = this.#of(group);
    const names = nodes.map(({ metadata }) => metadata.name);
    const left = (this.#nodes.get(group) ?? []).filter((name) => !names.includes(name));
    invariant(left.length >= min, 'a node group is never smaller than its minimum');
    this.#nodes.set(group, left);
    for (const name of names) {
      try {
        await this.#options.api.of(node).delete(name);
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks[Symbol.asyncDispose]();
  }

  #of(name: string): SimNodeGroup {
    const found = this.#options.groups.find((group) => group.name === name);
    invariant(found, `there is no node group ${name}`);
    return found;
  }

  #named(group: string): string {
    this.#serial += 1;
    const name = `${group}-${this.#serial}`;
    this.#nodes.set(group, [...(this.#nodes.get(group) ?? []), name]);
    return name;
  }

  async #register(group: string, name: string): Promise<void> {
    const { api } = this.#options;
    const { metadata, status } = templateOf(this.#of(group), name);
    await api.of(node).create({ metadata: { name, labels: metadata.labels ?? {} } });
    await api.of(node).update(name, (current) => ({ ...current, spec: { ...current.spec, taints: [] } }));
    await api.of(node).update(name, (current) => ({ ...current, status: { ...current.status, ...status } }), {
      subresource: 'status',
    });
  }
}

const templateOf = ({ name: group, room, labels }: SimNodeGroup, name: string): Node =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { ...labels, [GROUP]: group, 'kubernetes.io/hostname': name } },
    spec: {},
    status: { capacity: room, allocatable: room, conditions: [{ type: 'Ready', status: 'True' }] },
  }) as unknown as Node;
