import { badRequest, CborError, cborDiagnosis, cborTypeOf, decodeCbor, skimCbor } from '@navarch/machinery';
import { noKind, type Refuse, unhandled } from '../registry/sent-body.ts';
import type { Body, Wanted } from './read-body.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * An object in CBOR (KEP-4222). What upstream has a Go type for it asks for its kind first, everything else it reads first.
 * `refuse`: of what cannot be told what it is. Throws BadRequest in upstream's words.
 */
export function cborObject(bytes: Uint8Array, { kind: wanted, behaviour }: Wanted, refuse: Refuse): Body {
  const isCustom = behaviour?.namesItself ?? false;
  const { kind, version, fault } = identityOf(bytes, isCustom, refuse);
  const unread: Refuse = (why) => badRequest(unhandled(wanted, version, why, kind));
  const value = reading(unread, () => decodeCbor(bytes)) as Json | null;
  if (fault === 'kind') throw refuse(noKind(cborDiagnosis(bytes)));
  if (fault === 'version') throw unread(`Object 'apiVersion' is missing in '${cborDiagnosis(bytes)}'`);
  return { value: value ?? {}, ...(isCustom ? { source: UNCOMPLAINING } : {}) };
}

/** What is applied in CBOR. Throws BadRequest. */
export function cborPatch(bytes: Uint8Array): Body {
  const refuse: Refuse = (message) => badRequest(`error decoding patch: ${message}`);
  const value = reading(refuse, () => decodeCbor(bytes)) ?? {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw refuse(`cbor: cannot unmarshal ${cborTypeOf(bytes)} into Go value of type map[string]interface {}`);
  return { value };
}

/** Upstream looks for unknown fields of custom resources in text alone. */
const UNCOMPLAINING = { hasDuplicates: false, repeatedKeys: [], complaints: (): readonly string[] => [] } as const;

interface Identity {
  readonly kind: string;
  /** Without its group. */
  readonly version: string;
  /** What is not said of what must be. */
  readonly fault?: 'kind' | 'version';
}

function identityOf(bytes: Uint8Array, isCustom: boolean, refuse: Refuse): Identity {
  const undetermined: Refuse = (why) => refuse(`unable to determine group/version/kind: ${why}`);
  const skimmed = reading(undetermined, () => skimCbor(bytes));
  if (typeof skimmed !== 'object' || Array.isArray(skimmed))
    throw undetermined(
      `cbor: cannot unmarshal ${cborTypeOf(bytes)} into Go value of type v1.TypeMeta${Array.isArray(skimmed) ? ' (cannot decode CBOR array to struct without toarray option)' : ''}`,
    );
  const { apiVersion, kind } = (skimmed ?? {}) as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (!isCustom) {
    for (const [name, value] of [
      ['apiVersion', apiVersion],
      ['kind', kind],
    ] as const) {
      if (value !== undefined && value !== null && typeof value !== 'string')
        throw undetermined(
          `cbor: cannot unmarshal ${cborTypeName(value)} into Go struct field v1.TypeMeta.${name} of type string`,
        );
    }
    return { kind: textOf(kind), version: textOf(apiVersion).split('/').at(-1) ?? '' };
  }
  const [version, isUnread] = versionIn(textOf(apiVersion));
  const named = isUnread ? '' : textOf(kind);
  const fault = named === '' ? 'kind' : version === '' ? 'version' : undefined;
  return { kind: named, version, ...(fault ? { fault } : {}) };
}

/** What is no group and version is neither. */
function versionIn(apiVersion: string): readonly [version: string, isUnread: boolean] {
  const parts = apiVersion.split('/');
  return parts.length > 2 ? ['', true] : [parts.at(-1) ?? '', false];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const cborTypeName = (value: unknown): string => {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return value < 0
        ? 'negative integer'
        : Number.isInteger(value) || typeof value === 'bigint'
          ? 'positive integer'
          : 'primitives';
    case 'boolean':
      return 'primitives';
    default:
      return 'map';
  }
};

function reading(refuse: Refuse, read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    throw refuse(error.message);
  }
}
