import { isKnownFormat, type JsonSchema, schemasWithin } from '@navarch/machinery';
import type { CustomResourceDefinition } from '../../generated/types/apiextensions-v1.ts';
import { hoisted } from './hoisted.ts';

/** Formats that nobody checks, and sets of what is no scalar; an update is warned only of what it brings. */
export function definitionWarnings(
  { spec }: CustomResourceDefinition,
  previous: CustomResourceDefinition | undefined,
): readonly string[] {
  const before = previous ? [...formatWarnings(previous.spec), ...setWarnings(previous.spec)] : [];
  return [...formatWarnings(spec), ...setWarnings(spec)].filter((text) => !before.includes(text));
}

function schemasOf(spec: CustomResourceDefinition['spec']): readonly JsonSchema[] {
  const { shared, versions } = hoisted(spec);
  return [shared, ...versions].flatMap(({ schema }) =>
    schema?.openAPIV3Schema ? [...schemasWithin(schema.openAPIV3Schema as JsonSchema)] : [],
  );
}

const formatWarnings = (spec: CustomResourceDefinition['spec']): readonly string[] =>
  schemasOf(spec)
    .filter((schema) => schema.format && !isKnownFormat(schema))
    .map(({ format }) => `unrecognized format ${JSON.stringify(format)}`);

function setWarnings(spec: CustomResourceDefinition['spec']): readonly string[] {
  const types = schemasOf(spec)
    .filter((schema) => schema['x-kubernetes-list-type'] === 'set')
    .map(({ items }) => items?.type)
    .filter((type) => type === 'object' || type === 'array');
  return [...new Set(types)]
    .toSorted()
    .map(
      (type) =>
        `x-kubernetes-list-type: set for items of type ${JSON.stringify(type)} is not supported by server-side apply or CEL validation rules`,
    );
}
