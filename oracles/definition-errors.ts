import { customResourceDefinition, type CustomResourceDefinition } from '@navarch/api';
import { Field, type HookContext, type Mutable } from '@navarch/machinery';

const hooks: HookContext = {
  now: 0,
  subresource: undefined,
  apiVersion: 'apiextensions.k8s.io/v1',
  user: { name: 'oracle', groups: [] },
  isOn: () => false,
};

/** What is wrong with a definition that somebody would create. */
export function definitionErrors(sent: object): Field['errors'] {
  const { behaviour } = customResourceDefinition;
  const definition = customResourceDefinition.decode(structuredClone(sent))
    .value as unknown as Mutable<CustomResourceDefinition>;
  const at = new Field();
  behaviour.complete?.(definition);
  behaviour.prepareCreate?.(definition, hooks);
  const { name } = definition.metadata;
  for (const error of behaviour.validateName?.(name, false, definition as CustomResourceDefinition) ?? [])
    at.at('metadata', 'name').invalid(name, error);
  behaviour.validateCreate?.(definition as CustomResourceDefinition, at, hooks);
  return at.errors;
}
