import { protobufEncoder } from '@navarch/api';
import { badRequest, Field, invalid, type Kind } from '@navarch/machinery';

const NOT_AN_OBJECT =
  "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string; Kind string }";

interface Sent {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown } | null;
}

/** What a body is to be. */
export interface Expected {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly behaviour?: Pick<Kind<any>['behaviour'], 'namesItself'>;
}

/** A body must be an object, of that kind if it says of which; of some kinds it must say. Throws BadRequest or Invalid. */
export function checkSent(body: unknown, expected: Expected): asserts body is object {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest(NOT_AN_OBJECT);
  const sent = body as Sent;
  const { kind, group, version, behaviour } = expected;
  const apiVersion = group ? `${group}/${version}` : version;
  const isSilent = !behaviour?.namesItself;
  const [sentVersion, sentKind] = isSilent
    ? [sent.apiVersion || apiVersion, sent.kind || kind]
    : [sent.apiVersion ?? '', sent.kind ?? ''];
  if (sentKind === kind && sentVersion === apiVersion) return;
  if (isSilent && sentKind !== kind)
    throw badRequest(
      unhandled(
        kind,
        String(sentVersion).split('/').at(-1) ?? '',
        strangeness(expected, String(sentVersion), String(sentKind)),
        String(sentKind),
      ),
    );
  if (sentVersion === apiVersion) throw wrongKind(sent, expected);
  const shown = typeof sentVersion === 'string' ? sentVersion : JSON.stringify(sentVersion);
  throw badRequest(`the API version in the data (${shown}) does not match the expected API version (${apiVersion})`);
}

/** Objects of definitions are read before anybody looks of which kind they are. */
function wrongKind({ kind, metadata }: Sent, { group, kind: expected }: Expected): Error {
  const at = new Field();
  at.at('kind').invalid(kind, `must be ${expected}`);
  return invalid({ group, kind: String(kind) }, String(metadata?.name ?? ''), at.errors);
}

/** Upstream names where its own table of types is. */
const TABLE = 'pkg/api/legacyscheme/scheme.go:30';

function strangeness({ group, kind }: Expected, sentVersion: string, sentKind: string): string {
  if (protobufEncoder.typeOf(sentVersion, sentKind) === undefined)
    return `no kind ${JSON.stringify(sentKind)} is registered for version ${JSON.stringify(sentVersion)} in scheme ${JSON.stringify(TABLE)}`;
  return `converting (${sentVersion.split('/').at(-1)}.${sentKind}) to (${group.split('.')[0] || 'core'}.${kind}): unknown conversion`;
}

/** Why a body of the right kind, or of another, cannot be read. `version` is without its group. */
export const unhandled = (kind: string, version: string, why: string, sentKind = kind): string =>
  `${sentKind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`;
