import type { Node, Pod } from '@navarch/api';
import { ExtenderError } from '../extenders/extender-error.ts';
import type { Extender } from '../extenders/extender.ts';
import { type Steps, awaited } from './steps.ts';

/** Questions to extenders for one answer: each may take them seconds. */
const QUESTIONS_MAX = 16;

/** Nodes that extenders turn a pod away from: who does, and why in their words. */
type Refused = ReadonlyMap<string, { readonly by: string; readonly why: string }>;

const NOBODY: Refused = new Map();

/** The extenders that have a word in where a pod goes, as one. Those that count what they give away count nothing here: they are only asked to filter. */
export class Panel {
  readonly #extenders: readonly Extender[];
  #asked = 0;

  constructor(extenders: readonly Extender[] = []) {
    this.#extenders = extenders.filter(({ filters }) => filters);
  }

  /** undefined: too much was asked already, nobody knows. */
  *refused(pod: Pod, nodes: readonly Node[]): Steps<Refused | undefined> {
    const extenders = this.#extenders.filter((extender) => extender.isInterested(pod));
    if (extenders.length === 0 || nodes.length === 0) return NOBODY;
    if (this.#asked >= QUESTIONS_MAX) return undefined;
    this.#asked += 1;
    return yield* awaited(() => refusedBy(extenders, pod, nodes));
  }
}

async function refusedBy(extenders: readonly Extender[], pod: Pod, nodes: readonly Node[]): Promise<Refused> {
  const refused = new Map<string, { readonly by: string; readonly why: string }>();
  const { signal } = new AbortController();
  for (const extender of extenders) {
    const left = nodes.filter(({ metadata }) => !refused.has(metadata.name));
    if (left.length === 0) break;
    const say = (name: string, why: string): unknown => refused.set(name, { by: extender.url, why });
    try {
      const said = await extender.filter(pod, left, signal);
      for (const { metadata } of left)
        if (!said.left.has(metadata.name))
          say(
            metadata.name,
            said.unresolvable.get(metadata.name) ?? said.failed.get(metadata.name) ?? 'turned away without a reason',
          );
    } catch (error) {
      if (!(error instanceof ExtenderError)) throw error;
      if (!extender.isIgnorable) for (const { metadata } of left) say(metadata.name, error.message);
    }
  }
  return refused;
}
