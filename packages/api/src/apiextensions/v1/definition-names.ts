import type { CustomResourceDefinitionNames } from '../../generated/types/apiextensions-v1.ts';

const FIELDS = [
  'plural',
  'singular',
  'shortNames',
  'kind',
  'listKind',
  'categories',
] as const satisfies readonly (keyof CustomResourceDefinitionNames)[];

/** The names in the order in which they are printed; absent ones left out. */
export const namesInOrder = (names: CustomResourceDefinitionNames): CustomResourceDefinitionNames =>
  Object.fromEntries(
    FIELDS.flatMap((name) => (names[name] === undefined ? [] : [[name, names[name]]])),
  ) as unknown as CustomResourceDefinitionNames;
