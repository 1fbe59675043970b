import { POD_UID } from './container-config.ts';
import type { ContainerRuntime } from './cri/index.ts';
import type { Listed } from './pod-worker/pod-view.ts';

interface Seen {
  readonly state: string;
  /** Empty where it is of no pod. */
  readonly uid: string;
}

/**
 * Looks at everything in the runtime, again and again: which pods there are, and of which of them something is another than
 * before. Asked every second of hundreds, and mostly nothing has moved: only the states are read then, and nothing is made.
 */
export class Survey {
  readonly #runtime: ContainerRuntime;
  /** By the id of each sandbox and container. */
  #seen: ReadonlyMap<string, Seen> = new Map();
  #uids: ReadonlySet<string> = new Set();
  #hasLooked = false;

  constructor(runtime: ContainerRuntime) {
    this.#runtime = runtime;
  }

  /** The pods of which something is there. */
  get uids(): ReadonlySet<string> {
    return this.#uids;
  }

  /** It is known what is there. */
  get hasLooked(): boolean {
    return this.#hasLooked;
  }

  /** It is known that nothing of the pod is there. */
  isUnseen(uid: string): boolean {
    return this.#hasLooked && !this.#uids.has(uid);
  }

  /** Resolves to the pods of which something has come, changed or gone, and to what is there of each. A look that fails is as none. */
  async look(signal: AbortSignal): Promise<ReadonlyMap<string, Listed>> {
    const { items } = await this.#runtime.listSandboxStates({}, signal);
    const { containers } = await this.#runtime.listContainerStates({}, signal);
    const isAsBefore = ({ id, state }: { readonly id: string; readonly state: string }): boolean =>
      this.#seen.get(id)?.state === state;
    const isSame =
      items.length + containers.length === this.#seen.size && items.every(isAsBefore) && containers.every(isAsBefore);
    const moved = isSame ? nothing : await this.#read(signal);
    this.#hasLooked = true;
    return moved;
  }

  async #read(signal: AbortSignal): Promise<ReadonlyMap<string, Listed>> {
    const { items } = await this.#runtime.listPodSandbox({}, signal);
    const { containers } = await this.#runtime.listContainers({}, signal);
    const [moved, listed, seen] = [new Set<string>(), new Map<string, Map<string, string>>(), new Map<string, Seen>()];
    for (const { id, state, labels } of [...items, ...containers]) {
      const uid = labels[POD_UID] ?? '';
      seen.set(id, { state, uid });
      if (uid === '') continue;
      listed.set(uid, (listed.get(uid) ?? new Map<string, string>()).set(id, state));
      if (this.#seen.get(id)?.state !== state) moved.add(uid);
    }
    for (const [id, { uid }] of this.#seen) if (uid !== '' && !seen.has(id)) moved.add(uid);
    this.#seen = seen;
    this.#uids = new Set(listed.keys());
    return new Map([...moved].map((uid) => [uid, listed.get(uid) ?? nothing]));
  }
}

const nothing: ReadonlyMap<never, never> = new Map<never, never>();
