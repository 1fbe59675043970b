import { interned } from '@navarch/base';
import {
  apiVersionOf,
  badRequest,
  type Decoded,
  DecodeError,
  Field,
  invalid,
  jsonTypeOf,
  type Kind,
  type Literals,
  type Mutable,
  type StatusError,
} from '@navarch/machinery';
import { checkSent, unhandled } from './sent-body.ts';
import type { ApplyRequest, Call, Draft } from './call.ts';

// What a client sent, and where it sent it, before anything is asked of what is stored.

/** Who reads what was sent, and says what is wrong with it in words of the way it came. */
export interface Reading {
  /** What to throw where the value cannot be read, or a strict reader complains. */
  refuse(why: DecodeError | string): StatusError;
  /** What a strict reader says, of the fields that are unknown and of what only the text shows; to refuse it, or to warn. */
  complaints(unknown: readonly string[], isStrict: boolean): readonly string[];
  /** The value with what it says that it is; or throws that it is something else. Absent: as what clients send. */
  identified?(value: unknown): object;
  /** Absent: as what clients send. */
  readonly decode?: Kind<any>['decode'] | undefined;
}

type Named = Pick<Kind<any>, 'kind' | 'version' | 'origin'>;

const readingOf = (kind: Named, { source }: Call, sent?: unknown): Reading => ({
  refuse(why) {
    // What is custom may still be of another kind.
    const named = kind.origin === 'custom' ? (sent as { readonly kind: string }).kind : kind.kind;
    return badRequest(unhandled(named, kind.version, typeof why === 'string' ? why : why.message));
  },
  complaints: (unknown, isStrict) =>
    unknown.length === 0 && !source?.hasDuplicates
      ? []
      : (source?.complaints(unknown, kind.origin === 'custom', isStrict) ?? unknown.map(unknownField)),
});

/** What a strict reader has to say of a body that is never stored. Throws BadRequest where it is asked to. */
export const complainOf = (of: Named, unknownFields: readonly string[], call: Call): void =>
  complain(unknownFields, readingOf(of, call), call);

export const unknownField = (path: string): string => `unknown field ${JSON.stringify(path)}`;

/** What an apply made: as an object, but for what is read otherwise of it. Throws BadRequest. */
export const readMade = (kind: Kind<any>, made: unknown, call: Call): Draft =>
  readObject(kind, made, call, { ...readingOf(kind, call, made), decode: kind.applied?.decode });

/** Decodes, completes and turns into the stored version. Throws BadRequest, or what the reading says. */
export function readObject(
  kind: Kind<any>,
  input: unknown,
  call: Call,
  reading: Reading = readingOf(kind, call, input),
): Draft {
  // Of a patch the text says little of what it made.
  const literals = call.isPatch ? undefined : call.source?.literals;
  const { value, unknownFields } = decoded(kind, (reading.identified ?? sentAs(kind))(input), reading, literals);
  complain(unknownFields, reading, call);
  kind.behaviour.complete?.(value as Mutable<any>);
  const { hub } = kind;
  if (!hub) return value as unknown as Draft;
  const stored = hub.kind.decode(hub.toHub(value)).value;
  hub.kind.behaviour.complete?.(stored as Mutable<any>);
  return stored as unknown as Draft;
}

/** Given here, so that decoding puts them in their place even where the sender left them out. */
const sentAs =
  (kind: Kind<any>) =>
  (input: unknown): object => {
    checkSent(input, kind);
    return kind.behaviour.namesItself ? input : { ...input, kind: kind.kind, apiVersion: apiVersionOf(kind) };
  };

function decoded(kind: Kind<any>, sent: unknown, reading: Reading, literals: Literals | undefined): Decoded {
  try {
    return (reading.decode ?? kind.decode)(sent, literals);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw reading.refuse(error);
  }
}

function complain(unknownFields: readonly string[], reading: Reading, { fieldValidation, warnings }: Call): void {
  if (fieldValidation === 'Ignore') return;
  const isStrict = fieldValidation === 'Strict';
  const texts = reading.complaints(unknownFields, isStrict);
  if (texts.length === 0) return;
  if (isStrict) throw reading.refuse(`strict decoding error: ${texts.join(', ')}`);
  warnings?.push(...texts);
}

/** Puts the object where the request went: what is of the whole cluster loses a namespace that it names. Throws BadRequest when it names another. */
export function place(kind: Pick<Kind<any>, 'namespaced'>, metadata: Draft['metadata'], namespace: string): void {
  if (!kind.namespaced) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (metadata.namespace !== namespace) metadata.namespace = interned(namespace);
}

/** Throws BadRequest when the object goes by another name than the request. */
export function checkName(sent: string | undefined, name: string): void {
  if (!sent)
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (sent !== name) throw badRequest(`the name of the object (${sent}) does not match the name on the URL (${name})`);
}

/** An apply names who applies. Throws Invalid. */
export function checkApplier(manager: string): void {
  const at = new Field();
  if (!manager) at.at('fieldManager').required('is required for apply patch');
  if (at.errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', at.errors);
}

/** What is applied: an object of this kind. Throws BadRequest. */
export function readApplied(kind: Kind<any>, { config }: ApplyRequest): Draft {
  if (config !== null && (typeof config !== 'object' || Array.isArray(config)))
    throw badRequest(
      `error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonTypeOf(config)} into Go value of type map[string]interface {}`,
    );
  const sent = (config ?? {}) as Partial<Draft>;
  const { apiVersion, kind: of, metadata } = sent;
  if (apiVersion !== apiVersionOf(kind) || of !== kind.kind)
    throw badRequest(`invalid object type: ${shownType(textOf(apiVersion), textOf(of))}`);
  if (metadata?.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  return sent as Draft;
}

/** What is no text says nothing. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** As Go shows what an object says of its type. */
function shownType(apiVersion: string, kind: string): string {
  const parts = apiVersion.split('/');
  if (parts.length > 2) return '/, Kind=';
  return `${parts.length === 2 ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}
