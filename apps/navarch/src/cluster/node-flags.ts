import type { Taint } from '@navarch/api';
import { UserError } from '../user-error.ts';

const NAME = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

const parts = (text: string): readonly string[] => text.split(',').filter((part) => part.trim() !== '');

/** `a=b,c=d` as the kubelet's --node-labels takes it. Throws UserError. */
export const labelsOf = (flag: string, text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    parts(text).map((part) => {
      const [name = '', value = '', ...more] = part.trim().split('=');
      if (!NAME.test(name) || !VALUE.test(value) || more.length > 0)
        throw new UserError(`${flag} takes labels such as zone=a,disk=ssd, not ${JSON.stringify(part)}`);
      return [name, value];
    }),
  );

/** `key=value:Effect,...` as the kubelet's --register-with-taints takes it. Throws UserError. */
export const taintsOf = (flag: string, text: string): readonly Taint[] =>
  parts(text).map((part) => {
    const [, key = '', value = '', word = ''] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(part.trim()) ?? [];
    const effect = EFFECTS.find((one) => one === word);
    if (effect === undefined || !NAME.test(key) || !VALUE.test(value))
      throw new UserError(`${flag} takes taints such as dedicated=db:NoSchedule, not ${JSON.stringify(part)}`);
    return { key, effect, ...(value === '' ? {} : { value }) };
  });

/** Names of Kubernetes's own that a kubelet may give its node (kubelet's --node-labels, NodeRestriction). */
const KUBELET_NAMES: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
]);
const KUBELET_PREFIXES = /^(.*\.)?(kubelet|node)\.kubernetes\.io$/;

/** Whether a kubelet may give its node the label. What it may not, an administrator does. */
export function isOfTheKubelet(label: string): boolean {
  const [prefix = '', name] = label.split('/');
  const isReserved = name !== undefined && /(^|\.)(kubernetes|k8s)\.io$/.test(prefix);
  return !isReserved || KUBELET_NAMES.has(label) || KUBELET_PREFIXES.test(prefix);
}
