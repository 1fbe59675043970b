import { type Pod, runtimeClass, type Toleration } from '@navarch/api';
import { canonicalQuantity, cloneJson, equalJson, forbidden, type Mutable } from '@navarch/machinery';
import { defineAdmissionPlugin } from '../admission.ts';

interface RuntimeClass {
  readonly overhead?: { readonly podFixed?: Readonly<Record<string, string>> };
  readonly scheduling?: {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
  };
}

/** A pod's runtime class says what the sandbox costs and where it can run. */
export const runtimeClassPlugin = defineAdmissionPlugin<Pod>({
  name: 'RuntimeClass',
  on: { resources: ['/pods'], operations: ['CREATE'] },
  mutate(draft, { kind, name }, { registry }) {
    const wanted = draft.spec.runtimeClassName;
    const refuse = (detail: string): never => {
      throw forbidden(kind, name, `pod rejected: ${detail}`);
    };
    if (!wanted) {
      if (draft.spec.overhead && Object.keys(draft.spec.overhead).length > 0)
        refuse('Pod Overhead set without corresponding RuntimeClass defined Overhead');
      return false;
    }
    const found =
      (registry.of(runtimeClass).find('', wanted) as RuntimeClass | undefined) ??
      refuse(`RuntimeClass ${JSON.stringify(wanted)} not found`);
    setOverhead(draft, found.overhead?.podFixed, refuse);
    setPlacement(draft, found.scheduling ?? {}, refuse);
    return true;
  },
});

function setOverhead(
  draft: Mutable<Pod>,
  fixed: Readonly<Record<string, string>> | undefined,
  refuse: (detail: string) => never,
): void {
  const canonical = (amounts: Readonly<Record<string, string>>): unknown =>
    Object.fromEntries(Object.entries(amounts).map(([key, value]) => [key, canonicalQuantity(value)]));
  if (draft.spec.overhead && !equalJson(canonical(draft.spec.overhead), canonical(fixed ?? {})))
    refuse("Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  if (fixed && Object.keys(fixed).length > 0) draft.spec.overhead = { ...fixed };
}

function setPlacement(
  draft: Mutable<Pod>,
  { nodeSelector, tolerations }: NonNullable<RuntimeClass['scheduling']>,
  refuse: (detail: string) => never,
): void {
  for (const [key, value] of Object.entries(nodeSelector ?? {})) {
    const own = draft.spec.nodeSelector?.[key];
    if (own !== undefined && own !== value)
      refuse(
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
  }
  if (nodeSelector) draft.spec.nodeSelector = { ...draft.spec.nodeSelector, ...nodeSelector };
  const held = draft.spec.tolerations ?? [];
  const added = (tolerations ?? []).filter((toleration) => !held.some((h) => equalJson(h, toleration)));
  if (added.length > 0) draft.spec.tolerations = [...held, ...(cloneJson(added) as Mutable<Toleration>[])];
}
