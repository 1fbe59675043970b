import {
  approvalOf,
  authorityFault,
  CLEANUP_FINALIZER,
  customKinds,
  customResourceDefinition,
  type CustomResourceDefinition as Definition,
  hasCondition,
  isProtected,
  type Saying,
  withCondition,
} from '@navarch/api';
import { type Clock, type Logger, noMetrics, Notifier, type Random } from '@navarch/base';
import { equalJson, hasReason, type Mutable, type Patterns, type RuleTimes, StatusError } from '@navarch/machinery';
import type { Webhooks } from '../admission/webhooks/port.ts';
import { systemUser } from '../auth/user.ts';
import { ruleTimes } from '../observe/rule-times.ts';
import { timestamp } from '../registry/meta.ts';
import type { Registry } from '../registry/registry.ts';
import type { Resource } from '../registry/resource.ts';
import { type Conversion, renaming } from './conversion.ts';
import { ConversionWebhook } from './conversion-webhook.ts';
import { judgeNames } from './names.ts';

export interface CustomResourcesDeps {
  readonly registry: Registry;
  readonly patterns: Patterns;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  /** Converts between versions where a definition says so. */
  readonly webhooks?: Webhooks | undefined;
}

/** Before an attempt that failed is made again, in ms. */
const RETRY_PAUSE_MS = 1000;

/** What is served of a definition: its spec, and whether it is on its way out. */
interface ServedDefinition {
  readonly spec: unknown;
  readonly names: unknown;
  readonly isTerminating: boolean;
  readonly storagePrefix: string;
  /** Ends the watch over the objects that still hold the definition. */
  stop(): void;
}

/**
 * Serves what CustomResourceDefinitions define: decides about their names, says so in their conditions, serves their
 * versions while they are established, and takes their objects away with them.
 */
export class CustomResources {
  readonly #deps: CustomResourcesDeps;
  readonly #definitions: Resource<Definition>;
  readonly #served = new Map<string, ServedDefinition>();
  /** Definitions on their way out, by name. */
  readonly #terminating = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #arrived = new Notifier();
  readonly #times: RuleTimes;

  constructor(deps: CustomResourcesDeps) {
    this.#deps = deps;
    this.#times = ruleTimes(deps.registry.deps.metrics ?? noMetrics, deps.clock);
    this.#definitions = deps.registry.of(customResourceDefinition);
  }

  /** Serves everything that was established before the server began. */
  async start(): Promise<void> {
    for (const cached of this.#all()) if (hasCondition(cached, 'Established')) await this.#serve(cached);
  }

  /** Follows the definitions until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { cache } = this.#definitions.shelf;
    const stop = cache.follow(cache.revision, (events) => {
      for (const { key } of events) this.#note(key.slice(cache.prefix.length));
    });
    for (const definition of this.#all()) this.#note(definition.metadata.name);
    try {
      while (!signal.aborted) {
        if (this.#dirty.size === 0) await this.#arrived.wait(signal);
        const [name] = this.#dirty;
        if (name === undefined) continue;
        this.#dirty.delete(name);
        await this.#attempt(name, signal);
      }
    } finally {
      stop();
    }
  }

  async #attempt(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#reconcile(name);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#deps.log.warn('a custom resource definition could not be served', { name, error });
      await this.#deps.clock.sleep(RETRY_PAUSE_MS, signal);
      this.#note(name);
    }
  }

  #note(name: string): void {
    this.#dirty.add(name);
    this.#arrived.notify();
  }

  #all(): readonly Definition[] {
    const { cache } = this.#definitions.shelf;
    return Array.from(cache.range(cache.prefix), (cached) => cached.object as Definition);
  }

  async #reconcile(name: string): Promise<void> {
    const { shelf } = this.#definitions;
    const cached = shelf.cache.get(shelf.keyOf('', name));
    if (!cached) return this.#forget(name);
    const definition = cached.object as Definition;
    if (definition.metadata.deletionTimestamp) return this.#terminate(definition);
    this.#terminating.delete(name);
    const judged = this.#judged(definition);
    const { acceptedNames } = definition.status;
    // Told first: whoever finds it served can change it without running into this write. Where it was overtaken, the newer state has been noted.
    if (!equalJson(judged, definition) && !(await this.#tell(judged))) return;
    if (!equalJson(judged.status.acceptedNames, acceptedNames)) this.#noteRefused();
    if (hasCondition(judged, 'Established')) await this.#serve(judged);
  }

  /** Writes what the server says of a definition; undefined: somebody else was faster. */
  async #tell(next: Definition): Promise<Definition | undefined> {
    try {
      return await this.#definitions.update(
        '',
        next.metadata.name,
        () => next,
        { user: systemUser, isDryRun: false },
        'status',
      );
    } catch (error) {
      if (hasReason(error, 'Conflict') || hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** The definition with what was decided about its names, and about who approved of it. */
  #judged(definition: Definition): Definition {
    const now = timestamp(this.#deps.clock.now());
    const { accepted, reason, message } = judgeNames(definition, this.#all());
    const isAccepted = message === '';
    let next: Definition = { ...definition, status: { ...definition.status, acceptedNames: accepted } };
    const say = (type: string, saying: Omit<Saying, 'now'>): void =>
      void (next = withCondition(next, type, { ...saying, now }));
    if (isProtected(definition.spec.group)) say('KubernetesAPIApprovalPolicyConformant', approvalSaid(definition));
    say('NamesAccepted', {
      status: isAccepted ? 'True' : 'False',
      reason,
      message: isAccepted ? 'no conflicts found' : message,
    });
    const isUnreachable = !hasCondition(definition, 'Established') && authorityFault(definition.spec) !== undefined;
    if (isAccepted && isUnreachable)
      say('Established', {
        status: 'False',
        reason: 'InvalidCABundle',
        message: 'The conversion webhook CABundle is invalid',
      });
    else if (isAccepted)
      say('Established', {
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      });
    else if (!hasCondition(definition, 'Established'))
      say('Established', { status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' });
    return next;
  }

  async #serve(definition: Definition): Promise<void> {
    const { registry, patterns } = this.#deps;
    const isTerminating = definition.metadata.deletionTimestamp !== undefined;
    const served = this.#served.get(definition.metadata.name);
    if (
      served &&
      served.isTerminating === isTerminating &&
      equalJson(served.spec, definition.spec) &&
      equalJson(served.names, definition.status.acceptedNames)
    )
      return;
    const { name } = definition.metadata;
    const kinds = customKinds(definition, {
      patterns,
      times: this.#times,
      isTerminating: () => this.#terminating.has(name),
    });
    if (!kinds) return;
    await registry.serve(kinds, this.#conversionOf(definition));
    served?.stop();
    const { storagePrefix } = kinds.stored.kind;
    const { cache } = registry.of(kinds.stored.kind).shelf;
    // The definition waits for the last of its objects.
    const stop = isTerminating
      ? cache.follow(cache.revision, (events) => {
          if (events.some((event) => !event.current)) this.#note(name);
        })
      : () => undefined;
    this.#served.set(name, {
      spec: definition.spec,
      names: definition.status.acceptedNames,
      isTerminating,
      storagePrefix,
      stop,
    });
  }

  /** A name that is free now may be another's. */
  #noteRefused(): void {
    for (const other of this.#all()) if (!hasCondition(other, 'NamesAccepted')) this.#note(other.metadata.name);
  }

  #conversionOf({ spec: { conversion } }: Definition): Conversion {
    return conversion?.strategy === 'Webhook' && conversion.webhook
      ? new ConversionWebhook(conversion.webhook, this.#deps)
      : renaming;
  }

  #forget(name: string): void {
    this.#noteRefused();
    this.#terminating.delete(name);
    const served = this.#served.get(name);
    if (!served) return;
    served.stop();
    this.#served.delete(name);
    this.#deps.registry.withdraw(served.storagePrefix);
  }

  /** Nothing new is made; what is there is deleted, and the definition goes with the last of it. */
  async #terminate(definition: Definition): Promise<void> {
    const { finalizers = [] } = definition.metadata;
    if (!finalizers.includes(CLEANUP_FINALIZER)) return;
    const now = timestamp(this.#deps.clock.now());
    const say = (of: Definition, status: 'True' | 'False', reason: string, message: string): Definition =>
      withCondition(of, 'Terminating', { status, reason, message, now });
    const isEstablished = hasCondition(definition, 'Established');
    const begun = say(definition, 'True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress');
    const told = equalJson(begun, definition) ? definition : await this.#tell(begun);
    if (!told) return;
    this.#terminating.add(told.metadata.name);
    // Whoever watches sees the objects go. Only where some are held is it served as what is on its way out.
    if (isEstablished && (await this.#deleteObjects(told)) > 0) {
      await this.#serve(told);
      if ((await this.#deleteObjects(told)) > 0) return;
    }
    const done = isEstablished
      ? say(told, 'False', 'InstanceDeletionCompleted', 'removed all instances')
      : say(told, 'False', 'NeverEstablished', 'resource was never established');
    const metadata = {
      ...done.metadata,
      finalizers: finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER),
    };
    await this.#tell({ ...done, metadata } as Mutable<Definition>);
  }

  /** Asks for the deletion of every object; resolves to how many are still there. */
  async #deleteObjects({ metadata }: Definition): Promise<number> {
    const served = this.#served.get(metadata.name);
    const resource = served && this.#deps.registry.storedAt(served.storagePrefix);
    if (!resource) return 0;
    const { cache } = resource.shelf;
    for (const { object } of Array.from(cache.range(cache.prefix))) {
      try {
        await resource.delete(
          object.metadata.namespace ?? '',
          object.metadata.name,
          {},
          { user: systemUser, isDryRun: false },
        );
      } catch (error) {
        if (!(error instanceof StatusError)) throw error; // Gone already, or held by someone who must let go first.
      }
    }
    return cache.size;
  }
}

function approvalSaid({ metadata }: Definition): Omit<Saying, 'now'> {
  const { state, message } = approvalOf(metadata.annotations);
  const reason = {
    Missing: 'MissingAnnotation',
    Invalid: 'InvalidAnnotation',
    Approved: 'ApprovedAnnotation',
    Bypassed: 'UnapprovedAnnotation',
  }[state];
  return { status: state === 'Approved' ? 'True' : 'False', reason, message };
}
