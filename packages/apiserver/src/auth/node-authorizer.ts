import {
  configMap,
  isLocalVolumeOf,
  LOCAL_VOLUME_NODE,
  persistentVolume,
  persistentVolumeClaim,
  type PersistentVolume,
  pod,
  podCertificateRequest,
  type Pod,
  resourceSlice,
  volumeAttachment,
  type PodReferences,
  referencesOf,
} from '@navarch/api';
import type { Registry } from '../registry/registry.ts';
import { nodeRules } from '../bootstrap/node-rules.ts';
import type { Attributes } from './attributes.ts';
import { allowed, type Authorizer, type Decision, noOpinion } from './authorizer.ts';
import { allows } from './rules.ts';
import { nodeNameOf, type User } from './user.ts';

const YES = allowed('');
const LEASES = 'kube-node-lease';

/**
 * What a node may do: what all nodes may (a fixed list of rules), and with secrets, config maps, claims and volumes only
 * those that a pod bound to it needs ("Using Node Authorization", KEP-279, KEP-4601). What is bound to whom is read from
 * the pods themselves by their node index, so there is no graph to keep.
 */
export class NodeAuthorizer implements Authorizer {
  readonly #registry: () => Registry;

  constructor(registry: () => Registry) {
    this.#registry = registry;
  }

  decide(user: User, request: Attributes): Decision {
    const node = nodeNameOf(user);
    if (node === undefined) return noOpinion();
    if (node === '') return noOpinion(`unknown node for user ${JSON.stringify(user.name)}`);
    const decide = request.isResource ? RESTRICTED[`${request.group}/${request.resource}`] : undefined;
    if (decide) return decide({ node, request, registry: this.#registry() });
    return nodeRules.some((rule) => allows(rule, request)) ? YES : noOpinion();
  }
}

interface Question {
  readonly node: string;
  readonly request: Attributes;
  readonly registry: Registry;
}

const unrelated = (node: string): Decision => noOpinion(`no relationship found between node '${node}' and this object`);

/** `needs` says whether a pod of the node needs the named object of its namespace. */
function related(
  { node, request, registry }: Question,
  needs: (references: PodReferences, name: string) => boolean,
): Decision {
  if (request.name === '') return noOpinion('No Object name found');
  for (const held of podsOf(registry, node, request.namespace)) if (needs(referencesOf(held), request.name)) return YES;
  return unrelated(node);
}

/** Mirror pods are written by the node itself: they give it nothing. */
function podsOf(registry: Registry, node: string, namespace: string): readonly Pod[] {
  const { shelf } = registry.of(pod);
  const prefix = shelf.prefixOf(namespace);
  return shelf.cache
    .indexed('spec.nodeName', node)
    .filter(({ key }) => key.startsWith(prefix))
    .map((cached) => cached.object as Pod)
    .filter((held) => held.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined);
}

const READ = ['get', 'list', 'watch'];

const read =
  (needs: (references: PodReferences, name: string) => boolean) =>
  (question: Question): Decision => {
    const { verb, subresource, namespace } = question.request;
    if (!READ.includes(verb)) return noOpinion('can only read resources of this type');
    if (subresource !== '') return noOpinion('cannot read subresource');
    if (namespace === '') return noOpinion('can only read namespaced object of this type');
    return related(question, needs);
  };

function getOnly({ request }: Question): Decision | undefined {
  if (request.verb !== 'get') return noOpinion('can only get individual resources of this type');
  return request.subresource === '' ? undefined : noOpinion('cannot get subresource');
}

function claim(question: Question): Decision {
  const { verb, subresource } = question.request;
  const needs = (references: PodReferences, name: string): boolean => references.claims.has(name);
  if (subresource !== 'status') return getOnly(question) ?? related(question, needs);
  if (verb !== 'update' && verb !== 'patch') return noOpinion('can only get/update/patch this type');
  return related(question, needs);
}

/**
 * Volumes that are folders of a node are its business from the first pod until the folder is removed, long after the
 * claim is gone: it follows those that bear its name, and takes its finalizer off.
 */
function ownFolder({ node, request, registry }: Question): boolean {
  const { verb, subresource, name, labels } = request;
  if (subresource !== '') return false;
  if (verb === 'list' || verb === 'watch') return labels === `${LOCAL_VOLUME_NODE}=${node}`;
  const held = verb === 'get' || verb === 'update' ? registry.of(persistentVolume).find('', name) : undefined;
  return held !== undefined && isLocalVolumeOf(held, node);
}

/** A volume is reached through the claim of a pod that it is bound to. */
function volume(question: Question): Decision {
  if (ownFolder(question)) return YES;
  const refused = getOnly(question);
  if (refused) return refused;
  const { node, request, registry } = question;
  const bound = (registry.of(persistentVolume).find('', request.name) as PersistentVolume | undefined)?.spec.claimRef;
  if (!bound?.name || !bound.namespace) return unrelated(node);
  const held = registry.of(persistentVolumeClaim).find(bound.namespace, bound.name);
  if (!held || (bound.uid && held.metadata.uid !== bound.uid)) return unrelated(node);
  return related(
    { ...question, request: { ...request, namespace: bound.namespace, name: bound.name } },
    (references, name) => references.claims.has(name),
  );
}

function attachment(question: Question): Decision {
  const { node, request, registry } = question;
  return (
    getOnly(question) ??
    (registry.of(volumeAttachment).find('', request.name)?.spec.nodeName === node ? YES : unrelated(node))
  );
}

function account(question: Question): Decision {
  const { verb, subresource } = question.request;
  const needs = (references: PodReferences, name: string): boolean => references.serviceAccount === name;
  if (subresource === 'token')
    return verb === 'create'
      ? related(question, needs)
      : noOpinion('can only create tokens for individual service accounts');
  return getOnly(question) ?? related(question, needs);
}

function lease({ node, request }: Question): Decision {
  const { verb, namespace, name, subresource } = request;
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb))
    return noOpinion('can only get, create, update, patch, or delete a node lease');
  if (subresource !== '' || namespace !== LEASES)
    return noOpinion(`can only access leases in the ${JSON.stringify(LEASES)} system namespace`);
  // The name of a new lease is in its body: NodeRestriction looks there.
  if (verb !== 'create' && name !== node)
    return noOpinion('can only access node lease with the same name as the requesting node');
  return YES;
}

function csiNode({ node, request }: Question): Decision {
  const { verb, name, subresource } = request;
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb))
    return noOpinion('can only get, create, update, patch, or delete a CSINode');
  if (subresource !== '') return noOpinion('cannot authorize CSINode subresources');
  if (verb !== 'create' && name !== node)
    return noOpinion('can only access CSINode with the same name as the requesting node');
  return YES;
}

function slice({ node, request, registry }: Question): Decision {
  const { verb, name, subresource, fields = [] } = request;
  if (subresource !== '') return noOpinion('cannot authorize ResourceSlice subresources');
  const isOwnOnly = fields.some((term) => term.field === 'spec.nodeName' && term.isEqual && term.value === node);
  switch (verb) {
    case 'create':
      return YES;
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return registry.of(resourceSlice).find('', name)?.spec.nodeName === node ? YES : unrelated(node);
    case 'list':
    case 'watch':
    case 'deletecollection':
      return isOwnOnly
        ? YES
        : noOpinion('can only list/watch/deletecollection resourceslices with nodeName field selector');
    default:
      return noOpinion(
        'only the following verbs are allowed for a ResourceSlice: get, list, watch, create, update, patch, delete, deletecollection',
      );
  }
}

/** A node asks for certificates of its own pods; what it may ask for, NodeRestriction sees in the body. */
function certificateRequest({ node, request, registry }: Question): Decision {
  const { verb, subresource, namespace, name, fields = [] } = request;
  if (subresource !== '') return noOpinion('cannot authorize PodCertificateRequest subresources');
  if (verb === 'create') return YES;
  if (verb === 'get')
    return registry.of(podCertificateRequest).find(namespace, name)?.spec.nodeName === node ? YES : unrelated(node);
  if (verb !== 'list' && verb !== 'watch')
    return noOpinion('only the following verbs are allowed for a PodCertificateRequest: get, list, watch, create');
  const isOwnOnly = fields.some((term) => term.field === 'spec.nodeName' && term.isEqual && term.value === node);
  return isOwnOnly ? YES : noOpinion('can only list/watch podcertificaterequests with nodeName field selector');
}

/** Its own Node object. Writing is let through to NodeRestriction, which knows what is in the body. */
function ownNode({ node, request }: Question): Decision {
  const { verb, name } = request;
  if (READ.includes(verb) && name !== node)
    return noOpinion(`node '${node}' cannot read '${name}', only its own Node object`);
  return nodeRules.some((rule) => allows(rule, request)) ? YES : noOpinion();
}

function ownPods(question: Question): Decision {
  const { node, request, registry } = question;
  const { verb, subresource, namespace, name, fields = [] } = request;
  if (!nodeRules.some((rule) => allows(rule, request))) return noOpinion();
  if (!READ.includes(verb) || subresource !== '') return YES;
  if (fields.some((term) => term.field === 'spec.nodeName' && term.isEqual && term.value === node)) return YES;
  if (name === '' && (isGuarded(registry) || verifiesPods(registry))) return YES;
  if (name === '') return noOpinion('can only list/watch pods with spec.nodeName field selector');
  return registry.of(pod).find(namespace, name)?.spec.nodeName === node ? YES : unrelated(node);
}

/** Whom policies let to a node's pods is kept by its agent, which must know who they are: all pods may be (ADR 13). */
const isGuarded = (registry: Registry): boolean =>
  (registry.find('networking.k8s.io/v1', 'networkpolicies')?.shelf.cache.size ?? 0) > 0;

/** Cluster DNS of each node answers for pods of all where people have it look whether they are there. */
const verifiesPods = (registry: Registry): boolean =>
  /^\s*pods\s+verified\b/m.test(registry.of(configMap).find('kube-system', 'coredns')?.data?.['Corefile'] ?? '');

const RESTRICTED: Readonly<Record<string, (question: Question) => Decision>> = {
  '/secrets': read((references, name) => references.secrets.has(name)),
  '/configmaps': read((references, name) => references.configMaps.has(name)),
  '/persistentvolumeclaims': claim,
  '/persistentvolumes': volume,
  '/serviceaccounts': account,
  '/nodes': ownNode,
  '/pods': ownPods,
  'resource.k8s.io/resourceclaims': (question) =>
    getOnly(question) ?? related(question, (references, name) => references.resourceClaims.has(name)),
  'resource.k8s.io/resourceslices': slice,
  'certificates.k8s.io/podcertificaterequests': certificateRequest,
  'storage.k8s.io/volumeattachments': attachment,
  'storage.k8s.io/csinodes': csiNode,
  'coordination.k8s.io/leases': lease,
};
