import {
  type ApiObject,
  apiVersionOf,
  badRequest,
  conflict,
  failure,
  Field,
  internalError,
  invalid,
  type Kind,
  type ScaleFacts,
} from '@navarch/machinery';
import type { ApplyRequest, Call } from '../registry/call.ts';
import { checkMeant, type Meant, mistaken } from '../registry/preconditions.ts';
import type { Resource } from '../registry/resource.ts';

/** autoscaling/v1 Scale of any kind that declares where its numbers are. */
export function readScale(resource: Resource<any>, object: ApiObject): unknown {
  const scale = scaleOf(resource.kind);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = Number(at(object, scale.specReplicas) ?? 0);
  const selector = scale.selector(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: Number(at(object, scale.statusReplicas) ?? 0), ...(selector ? { selector } : {}) },
  };
}

/** Throws InternalError for an object that does not say how many it wants where it need not: nobody may take that for none. */
export function checkScaled({ kind }: Resource<any>, object: ApiObject): void {
  const { specReplicas, isBySchema } = scaleOf(kind);
  if (isBySchema && at(object, specReplicas) === undefined)
    throw internalError(new Error(`the spec replicas field ${JSON.stringify(`.${specReplicas}`)} does not exist`));
}

interface ScaleChange {
  readonly namespace: string;
  readonly name: string;
  /** Turns the scale as it is into the one wanted. */
  change(current: unknown): Scale;
  /** The object whose scale is meant, asked before anything is changed. */
  readonly meant?: Meant;
}

/** Throws Conflict where the scale is of another object, or of another version of it, than is meant. */
export async function writeScale(
  resource: Resource<any>,
  { namespace, name, change, meant = {} }: ScaleChange,
  call: Call,
): Promise<unknown> {
  const { kind, shelf } = resource;
  const { specReplicas, isBySchema } = scaleOf(kind);
  const scaled = (current: ApiObject): ApiObject => {
    checkMeant(kind, { key: shelf.keyOf(namespace, name), name }, meant, current);
    const { metadata = {}, spec } = change(readScale(resource, current));
    const { replicas } = spec ?? {};
    if (replicas === undefined && isBySchema && at(current, specReplicas) === undefined) {
      throw badRequest(`the spec replicas field ${JSON.stringify(`.${specReplicas}`)} cannot be empty`);
    }
    checkReplicas(kind, name, replicas);
    const mistake = isBySchema ? undefined : mistaken({ uid: metadata.uid }, current.metadata);
    if (mistake !== undefined) throw conflict({ ...kind, plural: `${kind.plural}/scale` }, name, mistake);
    const resourceVersion = metadata.resourceVersion || current.metadata.resourceVersion;
    return { ...placed(current, specReplicas, replicas ?? 0), metadata: { ...current.metadata, resourceVersion } };
  };
  const next = await resource.update(namespace, name, scaled, { ...call, recordedAs: 'scale' });
  return readScale(resource, next as ApiObject);
}

/** Server-side apply of the number alone. Throws NotFound, and Conflict where somebody else owns it. */
export async function applyScale(
  resource: Resource<any>,
  namespace: string,
  name: string,
  { config, ...how }: ApplyRequest & { readonly config: Scale },
  call: Call,
): Promise<unknown> {
  const { kind } = resource;
  resource.cached(namespace, name);
  const replicas = config.spec?.replicas;
  checkReplicas(kind, name, replicas);
  const identity = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name } } as ApiObject;
  const wanted = replicas === undefined ? identity : placed(identity, scaleOf(kind).specReplicas, replicas);
  const { object } = await resource.apply(
    namespace,
    name,
    { ...how, config: wanted },
    { ...call, recordedAs: 'scale' },
  );
  return readScale(resource, object as ApiObject);
}

function checkReplicas({ scale }: Kind<any>, name: string, replicas: number | undefined): void {
  if ((replicas ?? 0) >= 0 || scale?.isBySchema) return;
  const at = new Field();
  at.at('spec', 'replicas').invalid(replicas, 'must be greater than or equal to 0');
  throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, at.errors);
}

/** What a client may say of it. */
export interface Scale {
  readonly metadata?: { readonly name?: string; readonly uid?: string; readonly resourceVersion?: string };
  readonly spec?: { readonly replicas?: number };
}

/** Throws SyntaxError in the words of Go's decoder. */
export function scaleIn(value: unknown): Scale {
  const replicas = (value as { readonly spec?: { readonly replicas?: unknown } } | null)?.spec?.replicas;
  if (replicas === undefined || replicas === null || isInt32(replicas)) return value as Scale;
  const type =
    typeof replicas === 'number' || typeof replicas === 'bigint'
      ? `number ${replicas}`
      : Array.isArray(replicas)
        ? 'array'
        : typeof replicas === 'boolean'
          ? 'bool'
          : typeof replicas;
  throw new SyntaxError(`json: cannot unmarshal ${type} into Go struct field ScaleSpec.spec.replicas of type int32`);
}

const isInt32 = (value: unknown): boolean => Number.isInteger(value) && (value as number) === ((value as number) | 0);

function scaleOf(kind: Kind<any>): ScaleFacts<any> {
  if (!kind.scale) throw failure('NotFound', 'the server could not find the requested resource');
  return kind.scale;
}

const at = (object: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>> | undefined)?.[name], object);

function placed(object: ApiObject, path: string, value: unknown): ApiObject {
  const [first = '', ...rest] = path.split('.');
  const record = object as unknown as Readonly<Record<string, unknown>>;
  if (rest.length === 0) return { ...record, [first]: value } as unknown as ApiObject;
  return {
    ...record,
    [first]: placed((record[first] ?? {}) as ApiObject, rest.join('.'), value),
  } as unknown as ApiObject;
}
