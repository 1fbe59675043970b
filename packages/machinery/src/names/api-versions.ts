const STAGES = ['alpha', 'beta', ''] as const;

/** Below zero: the first version comes before the second as one grows up: v1alpha1, v1beta1, v1beta2, v1, v2. Names of other forms are younger than all, `b` than `a`. */
export function compareApiVersions(first: string, second: string): number {
  const [a, b] = [partsOf(first), partsOf(second)];
  if (!a && !b) return first < second ? 1 : first > second ? -1 : 0;
  if (!a || !b) return a ? 1 : -1;
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function partsOf(version: string): readonly [stage: number, major: number, minor: number] | undefined {
  const [whole, major = '', stage = '', minor = ''] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  return whole === undefined
    ? undefined
    : [STAGES.indexOf(stage as (typeof STAGES)[number]), Number(major), Number(minor)];
}
