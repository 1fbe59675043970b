import { compileNodeSelection, type Node, type Pod, podRequests, selectsNode } from '@navarch/api';
import { quantityMilliValue, quantityValue } from '@navarch/machinery';
import { forbiddenSysctl } from './container/sysctls.ts';
import { missingFeatures } from './declared-features.ts';
import type { Rejection } from './pod-machine/memory.ts';
import { ORDINARY_RULES, type PodRules } from './pod-rules.ts';
import type { HostFacts } from './ports.ts';

/** Why the node cannot run the pod beside `others`; undefined when it can. The scheduler may have known less, or not been asked. */
export function rejectionOf(
  pod: Pod,
  node: Node,
  others: readonly Pod[],
  host: Kernel,
  rules: PodRules = ORDINARY_RULES,
): Rejection | undefined {
  return (
    unsupported(pod) ??
    forbidden(pod, rules) ??
    lacking(pod, node, host) ??
    outOf(pod, node, others) ??
    wrongNode(pod, node) ??
    portsTaken(pod, others) ??
    tainted(pod, node)
  );
}

/** A pod that was sent here past the scheduler, or before the node changed, may need what it has not. */
function unsupported(pod: Pod): Rejection | undefined {
  const missing = missingFeatures(pod);
  return missing.length > 0
    ? {
        reason: 'PodFeatureUnsupported',
        message: `Pod requires node features that are not available: ${missing.join(', ')}`,
      }
    : undefined;
}

function forbidden(pod: Pod, rules: PodRules): Rejection | undefined {
  const message = forbiddenSysctl(pod, rules);
  return message === undefined ? undefined : { reason: 'SysctlForbidden', message };
}

type Kernel = Pick<HostFacts, 'hasAppArmor'>;

/** What the pod asks of the node's kernel and runtime, and they have not. */
function lacking({ spec }: Pod, node: Node, { hasAppArmor }: Kernel): Rejection | undefined {
  const contexts = [spec, ...(spec.initContainers ?? []), ...spec.containers].map((of) => of.securityContext);
  const isConfined = contexts.some(
    (context) => context?.appArmorProfile && context.appArmorProfile.type !== 'Unconfined',
  );
  if (isConfined && !hasAppArmor) {
    return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
  }
  const isStrict = spec.securityContext?.supplementalGroupsPolicy === 'Strict';
  if (isStrict && node.status.features?.supplementalGroupsPolicy !== true) {
    const message = 'SupplementalGroupsPolicy=Strict is not supported in this node';
    return { reason: 'SupplementalGroupsPolicyNotSupported', message };
  }
  return undefined;
}

/** Why a pod that runs here cannot have what its spec asks for by now (KEP-1287). */
export function resizeRefusal(pod: Pod, node: Node, others: readonly Pod[]): Rejection | undefined {
  const never = outOf(pod, node, []);
  if (never)
    return {
      reason: 'Infeasible',
      message: never.message.replace('enough resource', 'enough capacity').replace(/ used: 0,/, ''),
    };
  const now = outOf(pod, node, others);
  return now && { reason: 'Deferred', message: now.message };
}

function outOf(pod: Pod, node: Node, others: readonly Pod[]): Rejection | undefined {
  const allocatable = node.status.allocatable ?? {};
  const wanted = { pods: '1', ...podRequests(pod.spec) };
  for (const [name, request] of Object.entries(wanted)) {
    const capacity = amount(name, allocatable[name]);
    const requested = amount(name, request);
    if (allocatable[name] === undefined || requested === 0) continue;
    const used =
      name === 'pods'
        ? others.length
        : others.reduce((sum, other) => sum + amount(name, podRequests(other.spec)[name]), 0);
    if (used + requested <= capacity) continue;
    return {
      reason: `OutOf${name}`,
      message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
    };
  }
  return undefined;
}

const amount = (name: string, text: string | undefined): number =>
  name === 'cpu' ? quantityMilliValue(text) : quantityValue(text);

const failed = (predicate: string, why: string): Rejection => ({
  reason: predicate,
  message: `Predicate ${predicate} failed: ${why}`,
});

const wrongNode = ({ spec }: Pod, node: Node): Rejection | undefined =>
  selectsNode(compileNodeSelection(spec), node)
    ? undefined
    : failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");

const ANY = '0.0.0.0';

interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

const hostPorts = ({ spec }: Pod): readonly HostPort[] =>
  [...(spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'), ...spec.containers]
    .flatMap((c) => c.ports ?? [])
    .flatMap(({ hostPort, hostIP, protocol = 'TCP' }) =>
      hostPort ? [{ ip: hostIP || ANY, protocol, port: hostPort }] : [],
    );

function portsTaken(pod: Pod, others: readonly Pod[]): Rejection | undefined {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return undefined;
  const taken = others.flatMap(hostPorts);
  const clash = (a: HostPort, b: HostPort): boolean =>
    a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY || b.ip === ANY);
  return wanted.some((a) => taken.some((b) => clash(a, b)))
    ? failed('NodePorts', "node(s) didn't have free ports for the requested pod ports")
    : undefined;
}

function tainted({ spec }: Pod, node: Node): Rejection | undefined {
  const taint = (node.spec.taints ?? []).find(
    ({ key, value = '', effect }) =>
      effect === 'NoExecute' &&
      !(spec.tolerations ?? []).some(
        (t) =>
          (!t.effect || t.effect === effect) &&
          (t.operator === 'Exists' ? !t.key || t.key === key : t.key === key && (t.value ?? '') === value),
      ),
  );
  return taint && failed('TaintToleration', `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
}
