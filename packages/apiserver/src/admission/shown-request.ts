import type { ApiObject, Kind } from '@navarch/machinery';
import { userInfo } from '../auth/user-info.ts';
import type { AdmissionRequest } from './request.ts';

/** A request as somebody outside is going to see it. */
export interface ShownRequest {
  readonly request: AdmissionRequest;
  /** The version in which the objects are wanted. */
  readonly kind: Kind<any>;
  readonly object: ApiObject | undefined;
  readonly uid: string;
}

/** The request as webhooks and expressions see it (AdmissionRequest of admission.k8s.io/v1). */
export function requestOf({ request, kind, object, uid }: ShownRequest): object {
  const { operation, subresource, namespace, name, user, previous, isDryRun } = request;
  const resource = { group: kind.group, version: kind.version, resource: kind.plural };
  const ofRequest = { group: request.kind.group, version: request.kind.version };
  // Bodies of other kinds come to subresources: Binding, Eviction, TokenRequest.
  const bodyKind = (object as Partial<ApiObject> | undefined)?.kind ?? request.kind.kind;
  return {
    uid,
    kind: { group: kind.group, version: kind.version, kind: bodyKind },
    resource,
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: { ...ofRequest, kind: bodyKind },
    requestResource: { ...ofRequest, resource: request.kind.plural },
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: userInfo(user),
    object: operation === 'DELETE' ? null : shown(kind, request.kind, object),
    oldObject: operation === 'CREATE' ? null : shown(kind, request.kind, previous),
    dryRun: isDryRun,
    options: {
      kind: `${OPTIONS[operation]}Options`,
      apiVersion: 'meta.k8s.io/v1',
      ...(isDryRun ? { dryRun: ['All'] } : {}),
    },
  };
}
const OPTIONS = { CREATE: 'Create', UPDATE: 'Update', DELETE: 'Delete', CONNECT: 'Connect' } as const;

/** The stored object as the wanted version shows it. */
function shown(kind: Kind<any>, stored: Kind<any>, object: ApiObject | undefined): unknown {
  if (!object) return null;
  return kind === stored || !kind.hub ? object : kind.hub.fromHub(object);
}
