import { type Pod, type podGroup, priorityClass } from '@navarch/api';
import { type ApiObject, forbidden, type Kind, type ObjectOf } from '@navarch/machinery';
import type { Registry } from '../../registry/registry.ts';
import { defineAdmissionPlugin } from '../admission.ts';

/** Users' classes end here; above are the system's own. */
const USER_PRIORITY_MAX = 1_000_000_000;
const SYSTEM = 'system-';
const BUILTIN = new Set(['system-node-critical', 'system-cluster-critical']);

type PodGroup = ObjectOf<typeof podGroup>;

interface PriorityClass extends ApiObject {
  readonly value: number;
  readonly globalDefault?: boolean;
  readonly preemptionPolicy?: 'Never' | 'PreemptLowerPriority';
}

/** Turns the name of a priority class into its number. */
export const podPriority = defineAdmissionPlugin<Pod>({
  name: 'Priority',
  on: { resources: ['/pods'], operations: ['CREATE', 'UPDATE'] },
  mutate(draft, { kind, name, operation, previous }, { registry }) {
    if (operation === 'UPDATE') {
      if (!previous) return false;
      // What was filled in is kept where a client sends what it had created again; pods of before the fields have none.
      const { priority, preemptionPolicy } = previous.spec;
      const keepsPriority = priority !== undefined && draft.spec.priority === undefined;
      const keepsPolicy = preemptionPolicy !== undefined && draft.spec.preemptionPolicy === undefined;
      if (keepsPriority) draft.spec.priority = priority;
      if (keepsPolicy) draft.spec.preemptionPolicy = preemptionPolicy;
      return keepsPriority || keepsPolicy ? 'printed' : false;
    }
    const found = complete(draft.spec, 'pod', kind, name, registry);
    const preemption = found?.preemptionPolicy ?? 'PreemptLowerPriority';
    if (draft.spec.preemptionPolicy !== undefined && draft.spec.preemptionPolicy !== preemption) {
      throw forbidden(
        kind,
        name,
        `the string value of PreemptionPolicy (${draft.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemption} from the given PriorityClass name`,
      );
    }
    draft.spec.preemptionPolicy = preemption;
    return 'printed';
  },
});

/** The same for groups of pods; what it says of preemption is the group's where its feature is on. */
export const groupPriority = defineAdmissionPlugin<PodGroup>({
  name: 'Priority',
  on: { resources: ['scheduling.k8s.io/podgroups', 'scheduling.k8s.io/compositepodgroups'], operations: ['CREATE'] },
  mutate(draft, { kind, name }, { registry }) {
    complete(draft.spec, kind.kind, kind, name, registry);
    return true;
  },
});

/** Gives what names a class, or falls to the default one, its priority; `of` is what a refusal calls it. Throws Forbidden. */
function complete(
  spec: { priorityClassName?: string; priority?: number },
  of: string,
  kind: Kind<any>,
  name: string,
  registry: Registry,
): PriorityClass | undefined {
  const standard = spec.priorityClassName ? undefined : defaultClass(registry);
  if (standard) spec.priorityClassName = standard.metadata.name;
  const wanted = spec.priorityClassName;
  const found = wanted ? registry.of(priorityClass).find('', wanted) : undefined;
  if (wanted && !found) throw forbidden(kind, name, `no PriorityClass with name ${wanted} was found`);
  const priority = found?.value ?? 0;
  if (spec.priority !== undefined && spec.priority !== priority) {
    throw forbidden(
      kind,
      name,
      `the integer value of priority (${spec.priority}) must not be provided in ${of} spec; priority admission controller computed ${priority} from the given PriorityClass name`,
    );
  }
  spec.priority = priority;
  return found;
}

/** At most one class is everybody's, and the names of the system's classes are its own. */
export const priorityClasses = defineAdmissionPlugin<PriorityClass>({
  name: 'PriorityClass',
  on: { resources: ['scheduling.k8s.io/priorityclasses'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
  validate(object, at, { kind, name, operation }, { registry }) {
    if (operation === 'DELETE') {
      if (BUILTIN.has(name)) throw forbidden(kind, name, 'this is a system priority class and cannot be deleted');
      return;
    }
    if (operation === 'CREATE' && !BUILTIN.has(name)) {
      if (name.startsWith(SYSTEM))
        at.at('metadata', 'name').forbidden(
          `priority class names with '${SYSTEM}' prefix are reserved for system use only. error: ${name} is not a known system priority class`,
        );
      if (object.value > USER_PRIORITY_MAX)
        at.at('value').forbidden(`maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`);
    }
    if (!object.globalDefault) return;
    const standard = defaultClass(registry);
    if (standard && standard.metadata.name !== name) {
      throw forbidden(
        kind,
        name,
        `PriorityClass ${standard.metadata.name} is already marked as default. Only one default can exist`,
      );
    }
  },
});

/** The lowest, should there be several (two servers may each have let one in). */
function defaultClass(registry: Registry): PriorityClass | undefined {
  const classes = registry.of(priorityClass);
  const { cache } = classes.shelf;
  let lowest: PriorityClass | undefined;
  for (const cached of cache.range(cache.prefix)) {
    const found = classes.view(cached.object) as PriorityClass;
    if (found.globalDefault && (!lowest || found.value < lowest.value)) lowest = found;
  }
  return lowest;
}
