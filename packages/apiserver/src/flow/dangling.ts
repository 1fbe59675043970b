import { flowSchema, priorityLevelConfiguration } from '@navarch/api';
import { type Clock, type Logger, Notifier, settleAll } from '@navarch/base';
import { systemUser } from '../auth/user.ts';
import { timestamp } from '../registry/meta.ts';
import type { Registry } from '../registry/registry.ts';
import type { FlowSchema } from './matching.ts';

const RETRY_PAUSE_MS = 1_000;

/** Tells every flow schema whether its level is there, as schemas and levels come and go, until the signal aborts. */
export async function keepLevelsTold(
  registry: Registry,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const changed = new Notifier();
  let isTold = false;
  const stops = [flowSchema, priorityLevelConfiguration].map((kind) => {
    const { cache } = registry.of<any>(kind).shelf;
    return cache.follow(cache.revision, () => {
      isTold = false;
      changed.notify();
    });
  });
  try {
    while (!signal.aborted) {
      if (isTold) await changed.wait(signal);
      isTold = true;
      try {
        await tellOfLevels(registry);
      } catch (error) {
        if (signal.aborted) throw error;
        log.warn('flow schemas could not be told of their levels', { error });
        await clock.sleep(RETRY_PAUSE_MS, signal);
        isTold = false;
      }
    }
  } finally {
    for (const stop of stops) stop();
  }
}

export async function tellOfLevels(registry: Registry): Promise<void> {
  const { cache } = registry.of(flowSchema).shelf;
  const untold = Array.from(cache.range(cache.prefix), ({ object }) => object as FlowSchema).filter(
    (schema) => judged(registry, schema) !== schema,
  );
  await settleAll(
    untold.map(({ metadata: { name } }) =>
      registry
        .of(flowSchema)
        .update('', name, (current) => judged(registry, current), { user: systemUser, isDryRun: false }, 'status'),
    ),
  );
}

/** With the condition that tells whether the level of a schema exists; the same where it says so already. */
function judged(registry: Registry, schema: FlowSchema): FlowSchema {
  const level = schema.spec.priorityLevelConfiguration.name;
  const exists = registry.of(priorityLevelConfiguration).find('', level) !== undefined;
  const [status, reason, rest] = exists
    ? ['False', 'Found', 'and it exists']
    : ['True', 'NotFound', 'but there is no such object'];
  const { conditions = [] } = schema.status;
  const held = conditions.find((condition) => condition.type === 'Dangling');
  const message = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} ${rest}`;
  if (held?.status === status && held.reason === reason && held.message === message) return schema;
  const lastTransitionTime =
    held?.status === status && held.lastTransitionTime ? held.lastTransitionTime : timestamp(registry.deps.clock.now());
  const told = { type: 'Dangling', status, lastTransitionTime, reason, message };
  return {
    ...schema,
    status: { ...schema.status, conditions: [...conditions.filter((condition) => condition !== held), told] },
  };
}
