import {
  type Lease,
  LOCAL_FOLDER_FINALIZER,
  node as nodeKind,
  type Node,
  type PersistentVolumeClaim,
  type PodCertificateRequest,
  serviceAccount as accountKind,
  pod as podKind,
  type Pod,
  referencesOf,
} from '@navarch/api';
import { type ApiObject, equalJson, forbidden, hasReason } from '@navarch/machinery';
import { nodeNameOf } from '../../auth/user.ts';
import { type AdmissionContext, defineAdmissionPlugin, resourceOf } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';
import { isMirrorPod, MIRROR } from '../pods.ts';
import { forbiddenNodeLabels } from '../node-labels.ts';

/** What one node asks to write; `refuse` says upstream's words about the object. */
interface Case {
  readonly node: string;
  readonly object: ApiObject;
  readonly request: AdmissionRequest;
  readonly context: AdmissionContext;
  refuse(detail: string): never;
}

/**
 * A node's own identity may change that node, its lease, its pods' state and what belongs to them, and nothing of others
 * ("NodeRestriction"). What a node may read is the node authorizer's business.
 */
export const nodeRestriction = defineAdmissionPlugin({
  name: 'NodeRestriction',
  on: { operations: ['CREATE', 'UPDATE', 'DELETE'], subresources: '*' },
  validate(object, _at, request, context) {
    const node = nodeNameOf(request.user);
    if (node === undefined) return;
    const refuse = (detail: string): never => {
      throw forbidden(request.kind, request.name, detail);
    };
    if (node === '') refuse(`could not determine node from user ${JSON.stringify(request.user.name)}`);
    CASES[resourceOf(request)]?.({ node, object, request, context, refuse });
  },
});

function pods(of: Case): void {
  switch (of.request.subresource) {
    case '':
      mirrorPod(of);
      return;
    case 'status':
      podStatus(of);
      return;
    case 'eviction':
      eviction(of);
      return;
    default:
      of.refuse(
        `unexpected pod subresource ${JSON.stringify(of.request.subresource)}, only 'status' and 'eviction' are allowed`,
      );
  }
}

function mirrorPod({ node, object, request, context, refuse }: Case): void {
  const { operation, previous } = request;
  if (operation === 'DELETE') {
    if ((previous as Pod | undefined)?.spec.nodeName !== node)
      refuse(`node ${q(node)} can only delete pods with spec.nodeName set to itself`);
    return;
  }
  if (operation !== 'CREATE')
    refuse(`unexpected operation ${q(operation)}, node ${q(node)} can only create and delete mirror pods`);
  const created = object as Pod;
  if (!isMirrorPod(created))
    refuse(`pod does not have ${q(MIRROR)} annotation, node ${q(node)} can only create mirror pods`);
  if (created.spec.nodeName !== node) refuse(`node ${q(node)} can only create pods with spec.nodeName set to itself`);
  ownedByNode(created, { node, context, refuse });
  const { spec } = created;
  const { secrets, configMaps, claims } = referencesOf(created);
  if (spec.serviceAccountName) refuse(`node ${q(node)} can not create pods that reference a service account`);
  if (secrets.size > 0) refuse(`node ${q(node)} can not create pods that reference secrets`);
  if (configMaps.size > 0) refuse(`node ${q(node)} can not create pods that reference configmaps`);
  if (claims.size > 0) refuse(`node ${q(node)} can not create pods that reference persistentvolumeclaims`);
  if (spec.resourceClaims?.length) refuse(`node ${q(node)} can not create pods that reference resourceclaims`);
  const projected = spec.volumes?.flatMap((volume) => volume.projected?.sources ?? []) ?? [];
  if (projected.some((source) => source.serviceAccountToken))
    refuse(`node ${q(node)} can not create pods that reference a service account token`);
  if (projected.some((source) => source.clusterTrustBundle))
    refuse(`node ${q(node)} can not create pods that reference clustertrustbundles`);
  if (projected.some((source) => source.podCertificate))
    refuse(`node ${q(node)} can not create pods that reference podcertificates`);
}

function ownedByNode({ metadata }: Pod, { node, context, refuse }: Pick<Case, 'node' | 'context' | 'refuse'>): void {
  const owners = metadata.ownerReferences ?? [];
  if (owners.length > 1) refuse(`node ${q(node)} can only create pods with a single owner reference set to itself`);
  const [owner] = owners;
  if (!owner) return;
  if (owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    refuse(`node ${q(node)} can only create pods with an owner reference set to itself`);
  if (owner.controller !== true)
    refuse(`node ${q(node)} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true)
    refuse(`node ${q(node)} must not set blockOwnerDeletion on an owner reference`);
  const held = context.registry.of(nodeKind).find('', node);
  if (held?.metadata.uid !== owner.uid)
    refuse(`node ${q(node)} UID mismatch: expected ${held?.metadata.uid} got ${owner.uid}`);
}

function podStatus({ node, object, request, refuse }: Case): void {
  if (request.operation !== 'UPDATE') refuse(`unexpected operation ${q(request.operation)}`);
  const previous = request.previous as Pod;
  if (previous.spec.nodeName !== node)
    refuse(`node ${q(node)} can only update pod status for pods with spec.nodeName set to itself`);
  if (!equalJson(previous.metadata.labels ?? {}, object.metadata.labels ?? {}))
    refuse(`node ${q(node)} cannot update labels through pod status`);
  if (!equalJson(previous.status.resourceClaimStatuses, (object as Pod).status.resourceClaimStatuses))
    refuse(`node ${q(node)} cannot update resource claim statues`);
}

function eviction({ node, request, context, refuse }: Case): void {
  if (request.operation !== 'CREATE') refuse(`unexpected operation ${q(request.operation)}`);
  const held = context.registry.of(podKind).find(request.namespace, request.name);
  if (held && held.spec.nodeName !== node)
    refuse(`node ${q(node)} can only evict pods with spec.nodeName set to itself`);
}

function nodes({ node, object, request, refuse }: Case): void {
  const { operation } = request;
  const next = object as Node;
  const previous = request.previous as Node | undefined;
  if (operation === 'DELETE') refuse(`node ${q(node)} is not allowed to modify node ${q(request.name)}`);
  const name = operation === 'CREATE' ? next.metadata.name : request.name;
  const labels = forbiddenNodeLabels(next.metadata.labels ?? {}, previous?.metadata.labels ?? {});
  if (operation === 'CREATE') {
    if (labels.length > 0) refuse(`node ${q(node)} is not allowed to set the following labels: ${labels.join(', ')}`);
    if (name !== node) refuse(`node ${q(node)} is not allowed to modify node ${q(name)}`);
    return;
  }
  if (name !== node) refuse(`node ${q(node)} is not allowed to modify node ${q(name)}`);
  // Whoever could take a taint from its node could draw pods to it.
  if (!equalJson(previous?.spec.taints ?? [], next.spec.taints ?? []))
    refuse(`node ${q(node)} is not allowed to modify taints`);
  if (labels.length > 0) refuse(`is not allowed to modify labels: ${labels.join(', ')}`);
  if (!equalJson(previous?.metadata.ownerReferences ?? [], next.metadata.ownerReferences ?? []))
    refuse(`node ${q(node)} is not allowed to modify ownerReferences`);
}

/** Of a claim a node may say how far its file system has grown. */
function claims({ node, object, request, refuse }: Case): void {
  const { operation, subresource } = request;
  if (subresource !== 'status') refuse(`may only update PVC status`);
  if (operation !== 'UPDATE') refuse(`unexpected operation ${q(operation)}`);
  const fixed = ({ metadata, spec, status }: PersistentVolumeClaim): unknown => {
    const {
      capacity: _,
      conditions: __,
      allocatedResources: ___,
      allocatedResourceStatuses: ____,
      modifyVolumeStatus: _____,
      currentVolumeAttributesClassName: ______,
      ...rest
    } = status;
    const { managedFields: _a, resourceVersion: _b, ...meta } = metadata;
    return { metadata: meta, spec, status: rest };
  };
  if (!equalJson(fixed(request.previous as PersistentVolumeClaim), fixed(object as PersistentVolumeClaim))) {
    refuse(`node ${q(node)} is not allowed to update fields other than status.quantity and status.conditions`);
  }
}

/** Of a volume that is a folder of its own a node may say that the folder is gone. */
function volumes({ node, object, request, refuse }: Case): void {
  if (request.operation !== 'UPDATE' || request.subresource !== '') refuse('may only update finalizers of PVs');
  const previous = request.previous as ApiObject;
  const rest = ({ metadata, ...others }: ApiObject): unknown => {
    const { managedFields: _a, resourceVersion: _b, finalizers = [], ...meta } = metadata;
    return { ...others, metadata: meta, finalizers: finalizers.filter((name) => name !== LOCAL_FOLDER_FINALIZER) };
  };
  if (!previous.metadata.deletionTimestamp || !equalJson(rest(previous), rest(object)))
    refuse(`node ${q(node)} may only take ${q(LOCAL_FOLDER_FINALIZER)} off a volume that is being deleted`);
}

interface TokenRequest {
  readonly spec?: {
    readonly audiences?: readonly string[] | null;
    readonly boundObjectRef?: {
      readonly kind?: string;
      readonly apiVersion?: string;
      readonly name?: string;
      readonly uid?: string;
    };
  };
}

/** A node gets tokens for its pods, bound to them, for the audiences that they ask for. */
function tokens({ node, object, request, context, refuse }: Case): void {
  if (request.subresource !== 'token') return;
  const { boundObjectRef: ref, audiences } = (object as unknown as TokenRequest).spec ?? {};
  if (!ref || ref.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name)
    refuse('node requested token not bound to a pod');
  if (!ref?.uid) refuse('node requested token with a pod binding without a uid');
  const held = findPod(context, request.namespace, ref?.name ?? '');
  if (!held) return refuse(`pod ${q(ref?.name ?? '')} not found`);
  if (held.metadata.uid !== ref?.uid) {
    refuse(
      `the UID in the bound object reference (${ref?.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (held.spec.nodeName !== node) refuse('node requested token bound to a pod scheduled on a different node');
  const wanted = audiencesOf(held);
  for (const audience of audiences ?? []) {
    const isGranted =
      wanted.has(audience) ||
      context.access.isAllowed(request.user, {
        isResource: true,
        verb: 'request-serviceaccounts-token-audience',
        group: '',
        resource: audience,
        subresource: '',
        namespace: request.namespace,
        name: request.name,
        path: '',
      });
    if (!isGranted) refuse(`audience ${q(audience)} not found in pod spec volume`);
  }
}

function findPod({ registry }: AdmissionContext, namespace: string, name: string): Pod | undefined {
  try {
    return registry.of(podKind).get(namespace, name);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    return undefined;
  }
}

const audiencesOf = ({ spec }: Pod): ReadonlySet<string> =>
  new Set(
    (spec.volumes ?? []).flatMap((volume) =>
      (volume.projected?.sources ?? []).flatMap((source) =>
        source.serviceAccountToken ? [source.serviceAccountToken.audience ?? ''] : [],
      ),
    ),
  );

function leases({ node, object, request, refuse }: Case): void {
  if (request.namespace !== 'kube-node-lease')
    refuse(`can only access leases in the "kube-node-lease" system namespace`);
  const name = request.operation === 'CREATE' ? (object as Lease).metadata.name : request.name;
  if (name !== node) refuse('can only access node lease with the same name as the requesting node');
}

function csiNodes({ node, object, request, refuse }: Case): void {
  const name = request.operation === 'CREATE' ? object.metadata.name : request.name;
  if (name !== node) refuse('can only access CSINode with the same name as the requesting node');
}

function slices({ node, object, request, refuse }: Case): void {
  const { operation, previous } = request;
  const nodeOf = (slice: ApiObject | undefined): string | undefined =>
    (slice as { readonly spec?: { readonly nodeName?: string } } | undefined)?.spec?.nodeName;
  if (operation === 'CREATE' && nodeOf(object) !== node)
    refuse('can only create ResourceSlice with the same NodeName as the requesting node');
  if (operation !== 'CREATE' && nodeOf(previous) !== node)
    refuse(`can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`);
  if (operation === 'UPDATE' && nodeOf(object) !== node)
    refuse('can only update ResourceSlice with the same NodeName as the requesting node');
}

/** Certificates for a pod that is bound to the node, in the name of the account that it runs as, and of nothing else. */
function certificateRequests({ node, object, request, context, refuse }: Case): void {
  if (request.operation !== 'CREATE') refuse(`unexpected operation ${q(request.operation)}`);
  const { spec } = object as PodCertificateRequest;
  if (spec.nodeName !== node)
    refuse(`PodCertificateRequest.Spec.NodeName=${q(spec.nodeName)}, which is not the requesting node ${q(node)}`);
  if (context.registry.of(nodeKind).find('', node)?.metadata.uid !== spec.nodeUID)
    refuse(`PodCertificateRequest.Spec.NodeUID=${q(spec.nodeUID)} does not match the UID of node ${q(node)}`);
  const held = findPod(context, request.namespace, spec.podName);
  if (!held) return refuse(`pod ${q(spec.podName)} not found`);
  if (held.spec.nodeName !== node) refuse(`pod ${q(spec.podName)} is not running on node ${q(node)}`);
  if (isMirrorPod(held)) refuse(`pod ${q(spec.podName)} is a mirror pod`);
  if (held.metadata.uid !== spec.podUID)
    refuse(`PodCertificateRequest.Spec.PodUID=${q(spec.podUID)} does not match the UID of pod ${q(spec.podName)}`);
  if ((held.spec.serviceAccountName ?? '') !== spec.serviceAccountName)
    refuse(
      `PodCertificateRequest.Spec.ServiceAccountName=${q(spec.serviceAccountName)} is not the service account of pod ${q(spec.podName)}`,
    );
  if (
    context.registry.of(accountKind).find(request.namespace, spec.serviceAccountName)?.metadata.uid !==
    spec.serviceAccountUID
  )
    refuse(
      `PodCertificateRequest.Spec.ServiceAccountUID=${q(spec.serviceAccountUID)} does not match the UID of service account ${q(spec.serviceAccountName)}`,
    );
}

const q = (text: string): string => JSON.stringify(text);

const CASES: Readonly<Record<string, (of: Case) => void>> = {
  '/pods': pods,
  '/nodes': nodes,
  '/persistentvolumeclaims': claims,
  '/persistentvolumes': volumes,
  '/serviceaccounts': tokens,
  'coordination.k8s.io/leases': leases,
  'certificates.k8s.io/podcertificaterequests': certificateRequests,
  'storage.k8s.io/csinodes': csiNodes,
  'resource.k8s.io/resourceslices': slices,
};
