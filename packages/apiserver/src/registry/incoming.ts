import {
  apiVersionOf,
  badRequest,
  type Decoded,
  DecodeError,
  Field,
  invalid,
  type Kind,
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
  /** What a strict reader says, of the fields that are unknown and of what only the text shows. */
  complaints(unknown: readonly string[]): readonly string[];
  /** Absent: as what clients send. */
  readonly decode?: Kind<any>['decode'] | undefined;
}

const readingOf = (kind: Pick<Kind<any>, 'kind' | 'version' | 'origin'>, { source }: Call): Reading => ({
  refuse: (why) => badRequest(unhandled(kind.kind, kind.version, typeof why === 'string' ? why : why.message)),
  complaints: (unknown) =>
    unknown.length === 0 && !source?.hasDuplicates
      ? []
      : (source?.complaints(unknown, kind.origin === 'custom') ?? unknown.map(unknownField)),
});

/** What a strict reader has to say of a body that is never stored. Throws BadRequest where it is asked to. */
export const complainOf = (of: Parameters<typeof readingOf>[0], unknownFields: readonly string[], call: Call): void =>
  complain(unknownFields, readingOf(of, call), call);

export const unknownField = (path: string): string => `unknown field ${JSON.stringify(path)}`;

/** What an apply made: as an object, but for what is read otherwise of it. Throws BadRequest. */
export const readMade = (kind: Kind<any>, made: unknown, call: Call): Draft =>
  readObject(kind, made, call, { ...readingOf(kind, call), decode: kind.applied?.decode });

/** Decodes, completes and turns into the stored version. Throws BadRequest, or what the reading says. */
export function readObject(
  kind: Kind<any>,
  input: unknown,
  call: Call,
  reading: Reading = readingOf(kind, call),
): Draft {
  const apiVersion = apiVersionOf(kind);
  checkSent(input, kind);
  // Given here, so that decoding puts them in their place even where the sender left them out.
  const { value, unknownFields } = decoded(kind, { ...input, kind: kind.kind, apiVersion }, reading);
  complain(unknownFields, reading, call);
  kind.behaviour.complete?.(value as Mutable<any>);
  const { hub } = kind;
  if (!hub) return value as unknown as Draft;
  const stored = hub.kind.decode(hub.toHub(value)).value;
  hub.kind.behaviour.complete?.(stored as Mutable<any>);
  return stored as unknown as Draft;
}

function decoded(kind: Kind<any>, sent: unknown, reading: Reading): Decoded {
  try {
    return (reading.decode ?? kind.decode)(sent);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw reading.refuse(error);
  }
}

function complain(unknownFields: readonly string[], reading: Reading, { fieldValidation, warnings }: Call): void {
  if (fieldValidation === 'Ignore') return;
  const texts = reading.complaints(unknownFields);
  if (texts.length === 0) return;
  if (fieldValidation === 'Strict') throw reading.refuse(`strict decoding error: ${texts.join(', ')}`);
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
  metadata.namespace = namespace;
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

/** What is applied, in its place. Throws BadRequest and Invalid. */
export function readApplied(kind: Kind<any>, { config }: ApplyRequest, namespace: string, name: string): Draft {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw badRequest('error decoding YAML: yaml: cannot unmarshal into Go value of type map[string]interface {}');
  }
  const { metadata = {}, ...rest } = config as Partial<Draft>;
  if (!rest.kind) throw badRequest("error decoding YAML: Object 'Kind' is missing");
  const sent = metadata as Draft['metadata'];
  if (sent.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  if (sent.name) checkName(sent.name, name);
  const placed = { ...sent, name };
  // Where it goes, the request says; what is applied need not.
  if (placed.namespace) place(kind, placed, namespace);
  return { ...rest, metadata: placed } as Draft;
}
