import type { Node, Pod } from '@navarch/api';
import type { Clock } from '@navarch/base';
import { parseDuration, writeJson } from '@navarch/machinery';
import type { ExtenderFile } from '../config/config-types.ts';
import { type Candidate, candidateOf } from '../preemption/victims.ts';
import type { Placed } from '../snapshot/template.ts';
import { ExtenderError } from './extender-error.ts';
import { type MetaVictims, readBindingResult, readFilterResult, readPreemptionResult, readPriorities } from './wire.ts';

/** How extenders are reached. Rejects with what went wrong, in Go's words; ends when the signal aborts. */
export interface ExtenderTransport {
  post(
    extender: ExtenderFile,
    request: { readonly url: string; readonly body: string },
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: string }>;
}

export interface Filtered {
  /** Names of the nodes that are left. */
  readonly left: ReadonlySet<string>;
  /** Why others are not, by their names: where evicting pods might help, and where not. */
  readonly failed: ReadonlyMap<string, string>;
  readonly unresolvable: ReadonlyMap<string, string>;
}

/** Without httpTimeout. */
const TIMEOUT_MS = 5000;
/** Scores of extenders go from 0 to 10, those of plugins to 100. */
const SCALE = 10;

/** Somebody else's word on where pods may go, over HTTP (extender/v1). All methods reject with ExtenderError. */
export class Extender {
  readonly url: string;
  readonly isIgnorable: boolean;
  readonly #file: ExtenderFile;
  readonly #transport: ExtenderTransport;
  readonly #clock: Clock;
  readonly #managed: ReadonlySet<string>;

  constructor(file: ExtenderFile, transport: ExtenderTransport, clock: Clock) {
    this.url = file.urlPrefix.replace(/\/+$/, '');
    this.isIgnorable = file.ignorable ?? false;
    this.#file = file;
    this.#transport = transport;
    this.#clock = clock;
    this.#managed = new Set(file.managedResources?.map(({ name }) => name));
  }

  get filters(): boolean {
    return Boolean(this.#file.filterVerb);
  }

  get prioritizes(): boolean {
    return Boolean(this.#file.prioritizeVerb);
  }

  get preempts(): boolean {
    return Boolean(this.#file.preemptVerb);
  }

  get binds(): boolean {
    return Boolean(this.#file.bindVerb);
  }

  /** One that manages resources is asked of pods that ask for one of them, any other of all pods. */
  isInterested({ spec }: Pod): boolean {
    if (this.#managed.size === 0) return true;
    const asks = (amounts: Readonly<Record<string, string>> = {}): boolean =>
      Object.keys(amounts).some((name) => this.#managed.has(name));
    return [...spec.containers, ...(spec.initContainers ?? [])].some(
      ({ resources }) => asks(resources?.requests) || asks(resources?.limits),
    );
  }

  async filter(pod: Pod, nodes: readonly Node[], signal: AbortSignal): Promise<Filtered> {
    const result = readFilterResult(await this.#post(this.#file.filterVerb, this.#about(pod, nodes), signal));
    if (result.Error) throw new ExtenderError(result.Error);
    const names =
      this.#file.nodeCacheCapable && result.NodeNames
        ? result.NodeNames
        : (result.Nodes?.items ?? []).map(({ metadata }) => metadata.name);
    const sent = new Set(nodes.map(({ metadata }) => metadata.name));
    const stray = names.find((name) => !sent.has(name));
    if (stray !== undefined)
      throw new ExtenderError(
        `extender ${JSON.stringify(this.#file.urlPrefix)} claims a filtered node ${JSON.stringify(stray)} which is not found in the input node list`,
      );
    return {
      left: new Set(names),
      failed: new Map(Object.entries(result.FailedNodes ?? {})),
      unresolvable: new Map(Object.entries(result.FailedAndUnresolvableNodes ?? {})),
    };
  }

  /** By the names of nodes, weighted: to be added to what plugins say. */
  async scores(pod: Pod, nodes: readonly Node[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const weight = (this.#file.weight ?? 1) * SCALE;
    const list = readPriorities(await this.#post(this.#file.prioritizeVerb, this.#about(pod, nodes), signal));
    return new Map(list.map(({ Host, Score }) => [Host, Score * weight]));
  }

  /** Which of the candidates are left, and who has to go there. */
  async preempt(pod: Pod, candidates: readonly Candidate[], signal: AbortSignal): Promise<readonly Candidate[]> {
    const args = this.#file.nodeCacheCapable
      ? {
          NodeNameToVictims: null,
          NodeNameToMetaVictims: byNode(candidates, (uid) => ({ UID: uid.metadata.uid ?? '' })),
        }
      : { NodeNameToVictims: byNode(candidates, (victim) => victim), NodeNameToMetaVictims: null };
    const result = readPreemptionResult(await this.#post(this.#file.preemptVerb, { Pod: pod, ...args }, signal));
    const left: Candidate[] = [];
    for (const [name, victims] of Object.entries(result.NodeNameToMetaVictims ?? {})) {
      const candidate = this.#candidate(name, victims, candidates);
      if (candidate.victims.length > 0) left.push(candidate);
      else if (!this.isIgnorable)
        throw new ExtenderError(`expected at least one victim pod on node ${JSON.stringify(name)}`);
    }
    return left;
  }

  async bind({ metadata: { name, namespace, uid } }: Pod, nodeName: string, signal: AbortSignal): Promise<void> {
    const args = { PodName: name, PodNamespace: namespace ?? '', PodUID: uid ?? '', Node: nodeName };
    const { Error: why } = readBindingResult(await this.#post(this.#file.bindVerb, args, signal));
    if (why) throw new ExtenderError(why);
  }

  #about(pod: Pod, nodes: readonly Node[]): object {
    return this.#file.nodeCacheCapable
      ? { Pod: pod, Nodes: null, NodeNames: nodes.map(({ metadata }) => metadata.name) }
      : { Pod: pod, Nodes: { metadata: {}, items: nodes }, NodeNames: null };
  }

  #candidate(name: string, victims: MetaVictims, candidates: readonly Candidate[]): Candidate {
    const known = candidates.find(({ node }) => node.name === name);
    if (!known)
      throw new ExtenderError(
        `extender: ${this.#file.urlPrefix} claims to preempt pods on node: ${name}, which it was not asked about`,
      );
    const pods = [...known.node.pods.values()];
    const going = (victims.Pods ?? []).map(({ UID }): Placed => {
      const placed = pods.find(({ pod }) => pod.metadata.uid === UID);
      if (placed) return placed;
      throw new ExtenderError(
        `extender: ${this.#file.urlPrefix} claims to preempt pod (UID: ${UID}) on node: ${name}, but the pod is not found on that node`,
      );
    });
    return candidateOf(known.node, going, victims.NumPDBViolations);
  }

  async #post(verb: string | undefined, args: object, signal: AbortSignal): Promise<string> {
    const url = `${this.url}/${verb ?? ''}`;
    const over = new AbortController();
    const done = new AbortController();
    const late = this.#clock
      .sleep(parseDuration(this.#file.httpTimeout) || TIMEOUT_MS, AbortSignal.any([signal, done.signal]))
      .then(
        () => over.abort(new Error('Too late')),
        () => undefined,
      );
    try {
      const request = { url, body: writeJson(args) };
      const { status, body } = await this.#transport.post(this.#file, request, AbortSignal.any([signal, over.signal]));
      if (status !== 200) throw new ExtenderError(`failed ${verb ?? ''} with extender at URL ${url}, code ${status}`);
      return body;
    } catch (error) {
      if (error instanceof ExtenderError || signal.aborted) throw error;
      const why = over.signal.aborted
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : (error as Error).message;
      throw new ExtenderError(`Post ${JSON.stringify(url)}: ${why}`, { cause: error });
    } finally {
      done.abort(new Error('Answered'));
      await late;
    }
  }
}

const byNode = (candidates: readonly Candidate[], shown: (victim: Pod) => object): object =>
  Object.fromEntries(
    candidates.map(({ node, victims, violations }) => [
      node.name,
      { Pods: victims.map(({ pod }) => shown(pod)), NumPDBViolations: violations },
    ]),
  );
