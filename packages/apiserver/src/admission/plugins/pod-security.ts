import { namespace as namespaceKind, type Namespace, pod as podKind, type Pod, type PodSpec } from '@navarch/api';
import { type ApiObject, equalJson, type Field, forbidden } from '@navarch/machinery';
import type { Registry } from '../../registry/registry.ts';
import { defineAdmissionPlugin, resourceOf } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';
import { findings, findingsText, type LevelVersion, levelText, type Mode, policyOf } from '../pod-security/policy.ts';

/** Pods looked at when a namespace becomes stricter: what is told is a help, not a proof. */
const PODS_MAX = 3000;

const policyFor = (registry: Registry, namespace: string): Readonly<Record<Mode, LevelVersion>> =>
  policyOf(registry.of(namespaceKind).find('', namespace)?.metadata.labels ?? {}).policy;

/** Keeps pods to the level of the Pod Security Standards that their namespace asks for (KEP-2579). */
export const podSecurity = defineAdmissionPlugin<Pod>({
  name: 'PodSecurity',
  on: { resources: ['/pods'], operations: ['CREATE', 'UPDATE'], subresources: ['', 'ephemeralcontainers', 'resize'] },
  validate(object, _at, request, { registry }) {
    const { kind, name, namespace, previous } = request;
    if (previous && !isSignificant(previous, object)) return;
    const { enforce, warn } = policyFor(registry, namespace);
    const found = findings(enforce, object.metadata, object.spec);
    if (found.length > 0)
      throw forbidden(kind, name, `violates PodSecurity ${levelText(enforce)}: ${findingsText(found)}`);
    tell(request, warn, object.metadata, object.spec);
  },
});

/** Where a kind keeps the pods it makes. */
const TEMPLATES: Readonly<
  Record<string, (object: any) => { readonly metadata?: Pod['metadata']; readonly spec?: PodSpec } | undefined>
> = {
  '/podtemplates': (object) => object.template,
  '/replicationcontrollers': (object) => object.spec.template,
  'apps/daemonsets': (object) => object.spec.template,
  'apps/deployments': (object) => object.spec.template,
  'apps/replicasets': (object) => object.spec.template,
  'apps/statefulsets': (object) => object.spec.template,
  'batch/jobs': (object) => object.spec.template,
  'batch/cronjobs': (object) => object.spec.jobTemplate?.spec?.template,
};

/** What makes pods is told early; the pods themselves are refused. */
export const podTemplateSecurity = defineAdmissionPlugin<ApiObject>({
  name: 'PodSecurity',
  on: { resources: Object.keys(TEMPLATES), operations: ['CREATE', 'UPDATE'] },
  validate(object, _at, request, { registry }) {
    const template = TEMPLATES[resourceOf(request)]?.(object);
    if (!template?.spec) return;
    tell(request, policyFor(registry, request.namespace).warn, template.metadata ?? {}, template.spec);
  },
});

function tell(
  request: AdmissionRequest,
  level: LevelVersion,
  metadata: Pick<Pod['metadata'], 'annotations'>,
  spec: PodSpec,
): void {
  const found = findings(level, metadata, spec);
  if (found.length > 0) request.warn(`would violate PodSecurity ${levelText(level)}: ${findingsText(found)}`);
}

/** Most updates of pods change nothing that a control looks at: labels, deadlines, tolerations. */
function isSignificant(previous: Pod, next: Pod): boolean {
  const rest = ({ spec, metadata }: Pod): unknown => {
    const {
      activeDeadlineSeconds: _,
      tolerations: __,
      terminationGracePeriodSeconds: ___,
      nodeName: ____,
      schedulingGates: _____,
      ...kept
    } = spec;
    return [
      kept,
      Object.entries(metadata.annotations ?? {})
        .filter(([key]) => key.startsWith('container.apparmor.'))
        .sort(),
    ];
  };
  return !equalJson(rest(previous), rest(next));
}

/** A namespace's labels are checked, and whom a stricter level would refuse is told. */
export const namespaceSecurity = defineAdmissionPlugin<Namespace>({
  name: 'PodSecurity',
  on: { resources: ['/namespaces'], operations: ['CREATE', 'UPDATE'] },
  validate(object, at, request, { registry }) {
    const { policy, errors } = policyOf(object.metadata.labels ?? {});
    const before = policyOf(request.previous?.metadata.labels ?? {});
    const known = new Set(before.errors.map(({ label, value }) => `${label}=${value}`));
    // What was wrong before may stay: it must not keep anybody from changing something else.
    for (const { label, value, detail } of errors)
      if (!request.previous || !known.has(`${label}=${value}`)) labelField(at, label).invalid(value, detail);
    if (!request.previous || policy.enforce.level === 'privileged' || equalJson(policy.enforce, before.policy.enforce))
      return;
    warnAboutPods(registry, request, policy.enforce);
  },
});

const labelField = (at: Field, label: string): Field => at.at('metadata', 'labels').key(label);

function warnAboutPods(registry: Registry, request: AdmissionRequest, level: LevelVersion): void {
  const pods = registry.of(podKind);
  const byText = new Map<string, string[]>();
  let seen = 0;
  for (const cached of pods.shelf.cache.range(pods.shelf.prefixOf(request.name))) {
    if (++seen > PODS_MAX) break;
    const held = cached.object as Pod;
    const found = findings(level, held.metadata, held.spec);
    if (found.length === 0) continue;
    const text = found.map(({ reason }) => reason).join(', ');
    byText.set(text, [...(byText.get(text) ?? []), held.metadata.name]);
  }
  if (byText.size === 0) return;
  request.warn(
    `existing pods in namespace ${JSON.stringify(request.name)} violate the new PodSecurity enforce level ${levelText(level)}`,
  );
  for (const [text, names] of [...byText].sort()) {
    const others = names.length - 1;
    const tail = others === 0 ? '' : ` (and ${others} other ${others === 1 ? 'pod' : 'pods'})`;
    request.warn(`${names[0]}${tail}: ${text}`);
  }
}
