import { type Pod, pod as podKind } from '@navarch/api';
import {
  DecodeError,
  dnsSubdomainErrors,
  Field,
  type Mutable,
  validateObjectMeta,
  writeJson,
} from '@navarch/machinery';
import { fingerprint } from './fingerprint.ts';
import { objectReference } from './object-reference.ts';

export const CONFIG_HASH = 'kubernetes.io/config.hash';
export const CONFIG_MIRROR = 'kubernetes.io/config.mirror';
const CONFIG_SEEN = 'kubernetes.io/config.seen';
export const CONFIG_SOURCE = 'kubernetes.io/config.source';

/** A file is not the description of a pod that can be run here. The text says why. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

export interface ManifestOrigin {
  readonly file: string;
  readonly nodeName: string;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
}

/**
 * The pod that a file of the node describes: named after the node too, identified by what the file says, and tolerating
 * every taint that would end it. Throws ManifestError.
 */
export function staticPod(document: unknown, { file, nodeName, seenAt }: ManifestOrigin): Pod {
  const draft = decoded(document);
  const { metadata, spec } = draft;
  const uid = metadata.uid || fingerprint(writeJson([nodeName, file, draft]));
  metadata.name = `${metadata.name}-${nodeName.toLowerCase()}`;
  metadata.namespace ||= 'default';
  metadata.uid = uid;
  metadata.annotations = {
    ...metadata.annotations,
    [CONFIG_HASH]: uid,
    [CONFIG_SEEN]: new Date(seenAt).toISOString(),
    [CONFIG_SOURCE]: 'file',
  };
  metadata.creationTimestamp = new Date(seenAt).toISOString();
  spec.nodeName = nodeName;
  spec.tolerations = [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }];
  draft.status = { phase: 'Pending' };
  const at = new Field();
  const rules = { namespaced: true, nameErrors: dnsSubdomainErrors };
  validateObjectMeta(metadata as Pod['metadata'], rules, at.at('metadata'));
  const pod = draft as unknown as Pod;
  podKind.behaviour.validate?.(pod, at, hooks(seenAt));
  podKind.behaviour.validateCreate?.(pod, at, hooks(seenAt));
  if (at.errors.length > 0)
    throw new ManifestError(`invalid pod: ${at.errors.map(({ field, message }) => `${field}: ${message}`).join(', ')}`);
  const reference = objectReference(spec);
  if (reference !== undefined) throw new ManifestError(`static pods may not reference ${reference}`);
  return pod;
}

function decoded(document: unknown): Mutable<Pod> {
  const { apiVersion, kind } = (document ?? {}) as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (apiVersion !== 'v1' || kind !== 'Pod')
    throw new ManifestError(`it holds ${String(apiVersion)} ${String(kind)}, not a v1 Pod`);
  try {
    const draft = podKind.decode(document).value as unknown as Mutable<Pod>;
    podKind.behaviour.complete?.(draft);
    return draft;
  } catch (error) {
    if (error instanceof DecodeError) throw new ManifestError(error.message, { cause: error });
    throw error;
  }
}

const hooks = (now: number): Parameters<NonNullable<typeof podKind.behaviour.validate>>[2] => ({
  now,
  subresource: undefined,
  isOn: () => false,
  apiVersion: 'v1',
  user: { name: 'kubelet', groups: [] },
});
