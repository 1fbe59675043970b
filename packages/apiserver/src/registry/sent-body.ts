import { protobufEncoder } from '@navarch/api';
import { badRequest, type Kind, type StatusError, writeJson } from '@navarch/machinery';

const NOT_AN_OBJECT =
  "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string; Kind string }";

interface Sent {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}

/** What a body is to be. */
export interface Expected {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  /** Earlier versions of the group that say the same in the same words. */
  readonly earlier?: readonly string[];
  readonly behaviour?: Pick<Kind<any>['behaviour'], 'namesItself'>;
}

export type Refuse = (message: string) => StatusError;

const UNTYPED =
  'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** What an object is must be told in texts. Throws what `refuse` makes of a message. */
export function checkIdentity(value: unknown, refuse: Refuse): void {
  const noIdentity: Refuse = (message) => refuse(`couldn't get version/kind; json parse error: ${message}`);
  const isObject = typeof value === 'object' && !Array.isArray(value);
  if (!isObject) throw noIdentity(`json: cannot unmarshal ${jsonTypeName(value)} into ${UNTYPED}`);
  const { apiVersion, kind } = (value ?? {}) as Sent;
  for (const [name, given] of [
    ['apiVersion', apiVersion],
    ['kind', kind],
  ] as const) {
    if (!isTextOrAbsent(given))
      throw noIdentity(`json: cannot unmarshal ${jsonTypeName(given)} into Go struct field .${name} of type string`);
  }
  if (((apiVersion ?? '') as string).split('/').length > 2)
    throw refuse(`unexpected GroupVersion string: ${String(apiVersion)}`);
}

/** Said of what is custom and does not say what it is. */
export const noKind = (text: string): string => `Object 'Kind' is missing in '${text}'`;

const jsonTypeName = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
const isTextOrAbsent = (value: unknown): boolean => typeof value === 'string' || value === undefined || value === null;

/**
 * A body must be an object, of that kind if it says of which. What is custom must say; whether it is of the right kind is
 * asked when all else is known of it. Throws BadRequest.
 */
export function checkSent(body: unknown, expected: Expected): asserts body is object {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest(NOT_AN_OBJECT);
  const sent = body as Sent;
  const { kind, group, version, behaviour } = expected;
  const apiVersion = group ? `${group}/${version}` : version;
  const isSilent = !behaviour?.namesItself;
  const [sentVersion, sentKind] = isSilent
    ? [sent.apiVersion || apiVersion, sent.kind || kind]
    : [sent.apiVersion ?? '', sent.kind ?? ''];
  const isEarlier = expected.earlier?.some((one) => sentVersion === `${group}/${one}`) === true;
  if (sentKind === kind && (sentVersion === apiVersion || isEarlier)) return;
  if (isSilent && sentKind !== kind)
    throw badRequest(
      unhandled(
        kind,
        said(sentVersion).split('/').at(-1) ?? '',
        strangeness(expected, said(sentVersion), said(sentKind)),
        said(sentKind),
      ),
    );
  if (sentVersion === apiVersion) return;
  throw badRequest(
    `the API version in the data (${said(sentVersion)}) does not match the expected API version (${apiVersion})`,
  );
}

/** What should be a text, and may be anything. */
const said = (value: unknown): string => (typeof value === 'string' ? value : writeJson(value));

/** Upstream names where its own table of types is: two of its three servers have one of their own. */
const TABLE = 'pkg/api/legacyscheme/scheme.go:30';
const TABLES: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'pkg/apiserver/apiserver.go:56',
  'apiregistration.k8s.io': 'pkg/apiserver/scheme/scheme.go:28',
};

/** Why what says that it is this cannot be read as what is expected. */
export function strangeness({ group, kind }: Expected, sentVersion: string, sentKind: string): string {
  if (protobufEncoder.typeOf(sentVersion, sentKind) === undefined)
    return `no kind ${JSON.stringify(sentKind)} is registered for version ${JSON.stringify(sentVersion)} in scheme ${JSON.stringify(TABLES[group] ?? TABLE)}`;
  return `converting (${sentVersion.split('/').at(-1)}.${sentKind}) to (${group.split('.')[0] || 'core'}.${kind}): unknown conversion`;
}

/** Why a body of the right kind, or of another, cannot be read. `version` is without its group. */
export const unhandled = (kind: string, version: string, why: string, sentKind = kind): string =>
  `${sentKind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`;
