import { type ApiObject, badRequest, failure, type Kind, type ScaleFacts } from '@navarch/machinery';
import type { Call } from '../registry/call.ts';
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

/** `change` turns the scale as it is into the one wanted. */
export async function writeScale(
  resource: Resource<any>,
  namespace: string,
  name: string,
  change: (current: unknown) => unknown,
  call: Call,
): Promise<unknown> {
  const scale = scaleOf(resource.kind);
  const next = await resource.update(
    namespace,
    name,
    (current: ApiObject) => {
      const wanted = change(readScale(resource, current)) as {
        metadata?: { resourceVersion?: string };
        spec?: { replicas?: unknown };
      };
      const replicas = wanted.spec?.replicas ?? 0;
      if (!Number.isInteger(replicas))
        throw badRequest(
          'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32',
        );
      if ((replicas as number) < 0)
        throw failure(
          'Invalid',
          `Scale.autoscaling ${JSON.stringify(name)} is invalid: spec.replicas: Invalid value: ${String(replicas)}: must be greater than or equal to 0`,
        );
      const resourceVersion = wanted.metadata?.resourceVersion ?? '';
      return { ...placed(current, scale.specReplicas, replicas), metadata: { ...current.metadata, resourceVersion } };
    },
    call,
  );
  return readScale(resource, next as ApiObject);
}

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
