import type { Api } from '@navarch/client';
import { type ApiObject, keyIn, type Kind, StatusError } from '@navarch/machinery';
import { groupOf } from '../controller.ts';
import { messageOf } from '../shared/pods.ts';
import type { Autoscaler } from './autoscaler.ts';

/** What an autoscaler makes larger and smaller. */
export interface ScaleTarget {
  readonly replicas: number;
  /** What it says of itself, which may be behind. */
  readonly reported: number;
  /** Label selector of its pods, in text; empty where it says none. */
  readonly selector: string;
  resize(replicas: number): Promise<void>;
}

/** Reads the target of an autoscaler. Throws RangeError in upstream's words where there is none with a scale. */
export async function scaleTargetOf(
  { metadata, spec: { scaleTargetRef } }: Autoscaler,
  kinds: readonly Kind<any>[],
  api: Api,
): Promise<ScaleTarget> {
  const { apiVersion = '', kind: kindName, name } = scaleTargetRef;
  const group = groupOf(apiVersion);
  const kind = kinds.find((one) => one.kind === kindName && one.group === group && !one.isAlternate);
  if (!kind)
    throw new RangeError(
      `unable to determine resource for scale target reference: no matches for kind ${JSON.stringify(kindName)} in group ${JSON.stringify(group)}`,
    );
  const { scale } = kind;
  if (!scale) throw new RangeError(`the server could not find the requested resource`);
  const key = keyIn(metadata.namespace, name);
  const object = await read(kind, key, api);
  return {
    replicas: Number(at(object, scale.specReplicas) ?? 0),
    reported: Number(at(object, scale.statusReplicas) ?? 0),
    selector: scale.selector(object),
    resize: async (replicas) =>
      void (await api.of(kind).patch(key, { type: 'merge', body: { spec: { replicas } } }, { subresource: 'scale' })),
  };
}

async function read(kind: Kind<any>, key: string, api: Api): Promise<ApiObject> {
  try {
    return await api.of<ApiObject>(kind).get(key);
  } catch (error) {
    throw error instanceof StatusError ? new RangeError(messageOf(error)) : error;
  }
}

const at = (object: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, step) => (value as Readonly<Record<string, unknown>> | undefined)?.[step], object);
