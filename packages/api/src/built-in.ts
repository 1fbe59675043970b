import { type ApiObject, defineKind, type Kind, type KindDeclaration, Schemas } from '@navarch/machinery';
import { typeFacts } from './generated/facts/index.ts';
import { resources } from './generated/resources/resources.ts';

/** Schemas of every built-in type, shared by the kinds below and by what is no kind of its own (Status, Table, DeleteOptions). */
export const schemas = new Schemas(typeFacts);

export type ResourceKey = keyof typeof resources;

/** A kind whose names and shape are facts; what is given besides is behaviour. */
export function builtIn<Obj extends ApiObject>(
  key: ResourceKey, behaviour: Omit<KindDeclaration<Obj>, 'facts' | 'schema'> = {},
): Kind<Obj> {
  const { type, stage: _, ...facts } = resources[key];
  return defineKind<Obj>({ facts, schema: schemas.object(type), ...behaviour });
}
