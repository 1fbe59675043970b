import { labelValueErrors } from '@navarch/machinery';
import type { NodeSelectorTerm } from '../../generated/types/core-v1.ts';

const DEPRECATED: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** What has come in the place of a label of nodes. */
export const nodeLabelDeprecation = (key: string): string | undefined =>
  Object.hasOwn(DEPRECATED, key) ? DEPRECATED[key] : undefined;

/** Labels that nodes will not have for ever; where values are only wishes, also those that no node can have. */
export const nodeTermWarnings = (
  { matchExpressions = [] }: NodeSelectorTerm,
  path: string,
  isWish: boolean,
): readonly string[] =>
  matchExpressions.flatMap(({ key, values = [] }, i) => {
    const deprecation = nodeLabelDeprecation(key);
    return [
      ...(deprecation === undefined ? [] : [`${path}.matchExpressions[${i}].key: ${key} is ${deprecation}`]),
      ...(isWish ? values : []).flatMap((value, j) =>
        labelValueErrors(value).map(
          (error) => `${path}.matchExpressions[${i}].values[${j}]: ${value} is invalid, ${error}`,
        ),
      ),
    ];
  });
