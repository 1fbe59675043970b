import {
  type ApiObject,
  DeclaredRules,
  defineKind,
  type Kind,
  type KindDeclaration,
  ProtobufDecoder,
  ProtobufEncoder,
  Schemas,
} from '@navarch/machinery';
import { typeFacts } from './generated/facts/index.ts';
import { resources } from './generated/resources/resources.ts';
import { ruleFacts } from './generated/rules/rules.ts';

/** Schemas of every built-in type, shared by the kinds below and by what is no kind of its own (Status, Table, DeleteOptions). */
export const schemas = new Schemas(typeFacts);

/** Reads bodies of every built-in type in protobuf. */
export const protobuf = new ProtobufDecoder(typeFacts);

/** Writes them. */
export const protobufEncoder = new ProtobufEncoder(typeFacts);

const declared = new DeclaredRules(ruleFacts);

export type ResourceKey = keyof typeof resources;

/** Their validation is of the machinery alone, which knows no finalizers. */
const ANY_FINALIZER: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io',
  'events.k8s.io',
  'internal.apiserver.k8s.io',
  'node.k8s.io',
  'policy',
]);

/** A kind whose names and shape are facts; what is given besides is behaviour. */
export function builtIn<Obj extends ApiObject>(
  key: ResourceKey,
  declaration: Omit<KindDeclaration<Obj>, 'facts' | 'schema' | 'declared'> = {},
): Kind<Obj> {
  const {
    type,
    stage: _,
    outdated: __,
    ...facts
  } = resources[key] as (typeof resources)[ResourceKey] & { readonly outdated?: unknown };
  const anyFinalizer = ANY_FINALIZER.has(facts.group);
  return defineKind<Obj>({
    facts,
    schema: schemas.object(type),
    declared,
    ...declaration,
    behaviour: { anyFinalizer, ...declaration.behaviour },
  });
}

const asked: readonly ResourceKey[] = [
  '/v1.Binding',
  'authentication.k8s.io/v1.SelfSubjectReview',
  'authentication.k8s.io/v1.TokenReview',
  'authorization.k8s.io/v1.LocalSubjectAccessReview',
  'authorization.k8s.io/v1.SelfSubjectAccessReview',
  'authorization.k8s.io/v1.SelfSubjectRulesReview',
  'authorization.k8s.io/v1.SubjectAccessReview',
];

/** Resources that are asked and answered but never stored: discovery lists them all the same. */
export const virtualKinds: readonly Kind<any>[] = asked.map((key) => builtIn(key));
