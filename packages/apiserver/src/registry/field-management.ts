import {
  type ApiObject,
  apiVersionOf,
  asksForReset,
  creatorsEntries,
  entriesOf,
  type FieldSet,
  type InVersion,
  type Kind,
  type Mutable,
  ownersAfterUpdate,
  ownersOf,
  ShapeError,
  zeroObject,
} from '@navarch/machinery';
import type { User } from '../auth/user.ts';
import { timestamp } from './meta.ts';

type Json = Readonly<Record<string, unknown>>;
type Meta = Mutable<ApiObject>['metadata'];

/** Who writes what at `now` (ms; undefined: nobody keeps it), through which part of the object. */
interface Recording {
  readonly manager: string;
  readonly now: number | undefined;
  readonly subresource: string;
  /** Default false. */
  readonly hasStatus?: boolean;
  readonly inVersion?: InVersion;
}

/** What has to be known of a type, so that its fields can belong to somebody. */
export type ManagedType = Pick<Kind<any>, 'group' | 'version' | 'kind' | 'schema'>;

/** What is compared and applied: everything but the record itself. */
export function unmanaged(object: ApiObject): Json {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

const empties = new WeakMap<object, Json>();

/** The object of a kind in which nothing is set. One value per kind, so that it is recognized. */
export function emptyOf(kind: ManagedType): Json {
  let made = empties.get(kind.schema);
  if (!made)
    empties.set(kind.schema, (made = { ...zeroObject(kind.schema), apiVersion: apiVersionOf(kind), kind: kind.kind }));
  return made;
}

const NOTHING: FieldSet = {};
const STATUS: FieldSet = { 'f:status': {} };
const SPEC: FieldSet = { 'f:spec': {} };

/** What a request to this part cannot change, so that nobody comes to own it. */
export const ignoredBy = (subresource: string, hasStatus: boolean): FieldSet =>
  subresource === 'status' ? SPEC : subresource === '' && hasStatus ? STATUS : NOTHING;

/**
 * metadata.managedFields after `next` has taken the place of `previous`; undefined: none. What the client sent as the
 * record counts before what is held; one empty entry begins it anew. Of an object that cannot be walked (items without the
 * keys that tell them apart) nothing is recorded.
 */
export function recorded(...of: Parameters<typeof recordedOf>): Meta['managedFields'] {
  try {
    return recordedOf(...of);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return undefined;
  }
}

function recordedOf(
  kind: ManagedType,
  next: ApiObject,
  previous: ApiObject | undefined,
  recording: Recording,
): Meta['managedFields'] {
  const { manager, now, subresource, hasStatus = false, inVersion } = recording;
  // Through a part of an object nobody writes the record itself.
  const sent = subresource === '' ? next.metadata.managedFields : undefined;
  const sentOwners = ownersOf(sent);
  const write = {
    schema: kind.schema,
    ignored: ignoredBy(subresource, hasStatus),
    writer: { manager, apiVersion: apiVersionOf(kind), subresource, time: now === undefined ? now : timestamp(now) },
    inVersion,
  };
  if (!previous && sentOwners.length === 0) {
    const made = creatorsEntries({ ...write, live: emptyOf(kind) }, next as unknown as Json);
    return made.length === 0 ? undefined : (made as Meta['managedFields']);
  }
  const owners = asksForReset(sent)
    ? []
    : sentOwners.length > 0
      ? sentOwners
      : ownersOf(previous?.metadata.managedFields);
  // Nobody's until somebody applies it: what it had by then is found out at that time.
  if (previous && owners.length === 0) return undefined;
  const after = ownersAfterUpdate(
    { ...write, live: previous ? unmanaged(previous) : emptyOf(kind), owners },
    unmanaged(next),
  );
  // Nobody took or lost anything: the very entries stay, so that the write is seen to change nothing.
  if (after === owners && previous && sentOwners.length === 0 && !asksForReset(sent))
    return previous.metadata.managedFields as Meta['managedFields'];
  // What a client sent may be in any order; what is held is in ours.
  const held = sentOwners.length > 0 ? undefined : previous?.metadata.managedFields;
  return after.length === 0 ? undefined : (entriesOf(after, held) as Meta['managedFields']);
}

/** The manager of a writer that names none: our own components by what they are. */
export function managerOf(user: User): string {
  if (user.name.startsWith('system:node:')) return 'kubelet';
  if (user.name.startsWith('system:serviceaccount:kube-system:')) return 'kube-controller-manager';
  if (user.name === 'system:apiserver') return 'kube-apiserver';
  return user.name.startsWith('system:') ? user.name.slice('system:'.length) : user.name;
}
