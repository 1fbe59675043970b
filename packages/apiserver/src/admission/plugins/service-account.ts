import { type Pod, type ServiceAccount, serviceAccount, referencesOf } from '@navarch/api';
import { onePiece } from '@navarch/base';
import { cloneJson, forbidden, type Mutable } from '@navarch/machinery';
import type { Registry } from '../../registry/registry.ts';
import { defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest, Mutation } from '../request.ts';
import { isMirrorPod } from '../pods.ts';

const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_SECONDS = 3607;
/** How often, and how many ms apart, a namespace's own account is looked for (upstream: 10 times, 100 to 200 ms). */
const LOOKS_MAX = 10;
const LOOK_PAUSE_MS = 150;
const FILE_MODE = 0o644;
const ENFORCE_SECRETS = 'kubernetes.io/enforce-mountable-secrets';

/** Gives every pod an account, and its containers the account's token, the cluster's CA and the namespace's name. */
export const serviceAccountPlugin = defineAdmissionPlugin<Pod>({
  name: 'ServiceAccount',
  on: { resources: ['/pods'], operations: ['CREATE'] },
  mutate(draft, request, { registry, randomSuffix }) {
    if (isMirrorPod(draft)) return false;
    draft.spec.serviceAccountName ||= 'default';
    draft.spec.serviceAccount = draft.spec.serviceAccountName;
    const wanted = draft.spec.serviceAccountName;
    const furnish = (account: ServiceAccount | undefined): Mutation =>
      furnishPod(draft, account, request, randomSuffix);
    const account = registry.of(serviceAccount).find(request.namespace, wanted);
    return account || wanted !== 'default'
      ? furnish(account)
      : defaultAccount(registry, request.namespace).then(furnish);
  },
  validate(object, _at, { kind, namespace, name }, { registry }) {
    const refuse = (detail: string): never => {
      throw forbidden(kind, name, detail);
    };
    if (isMirrorPod(object)) {
      if (object.spec.serviceAccountName) refuse('a mirror pod may not reference service accounts');
      if (referencesOf(object).secrets.size > 0) refuse('a mirror pod may not reference secrets');
      if (object.spec.volumes?.some((v) => v.projected?.sources?.some((s) => s.serviceAccountToken)))
        refuse('a mirror pod may not use ServiceAccountToken volume projections');
      return;
    }
    const account = registry.of(serviceAccount).find(namespace, object.spec.serviceAccountName ?? '');
    if (account?.metadata.annotations?.[ENFORCE_SECRETS] === 'true') limitSecrets(object, account, refuse);
  },
});

/** Throws Forbidden where the pod's account is not there. */
function furnishPod(
  draft: Mutable<Pod>,
  account: ServiceAccount | undefined,
  { kind, namespace, name }: Pick<AdmissionRequest, 'kind' | 'namespace' | 'name'>,
  randomSuffix: () => string,
): Mutation {
  if (!account) {
    const wanted = draft.spec.serviceAccountName ?? '';
    throw forbidden(
      kind,
      name,
      `error looking up service account ${namespace}/${wanted}: serviceaccount ${JSON.stringify(wanted)} not found`,
    );
  }
  if (!draft.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
    draft.spec.imagePullSecrets = cloneJson(account.imagePullSecrets) as Mutable<typeof account.imagePullSecrets>;
  }
  if (draft.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)
    mountToken(draft, onePiece(`kube-api-access-${randomSuffix()}`));
  return 'printed';
}

/** A namespace gets its account a moment after it was made: who is as quick as that is made to wait. */
async function defaultAccount(registry: Registry, namespace: string): Promise<ServiceAccount | undefined> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    await registry.deps.clock.sleep(LOOK_PAUSE_MS, registry.signal);
    const account = registry.of(serviceAccount).find(namespace, 'default');
    if (account) return account;
  }
  return undefined;
}

function mountToken(draft: Mutable<Pod>, volume: string): void {
  const containers = [...(draft.spec.initContainers ?? []), ...draft.spec.containers];
  const needing = containers.filter(
    (container) => !container.volumeMounts?.some((mount) => mount.mountPath === TOKEN_MOUNT),
  );
  if (needing.length === 0) return;
  for (const container of needing) {
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name: volume, readOnly: true, mountPath: TOKEN_MOUNT },
    ];
  }
  draft.spec.volumes = [
    ...(draft.spec.volumes ?? []),
    {
      name: volume,
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          {
            downwardAPI: {
              items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
            },
          },
        ],
        defaultMode: FILE_MODE,
      },
    },
  ];
}

/** An account with the annotation says which secrets its pods may have. */
function limitSecrets({ spec }: Pod, account: ServiceAccount, refuse: (detail: string) => never): void {
  const mountable = new Set((account.secrets ?? []).map((secret) => secret.name));
  const mayNot = (secret: string | undefined): boolean => Boolean(secret) && !mountable.has(secret);
  const of = `service account ${account.metadata.name}`;
  for (const volume of spec.volumes ?? []) {
    const secret = volume.secret?.secretName;
    if (mayNot(secret))
      refuse(
        `volume with secret.secretName=${JSON.stringify(secret)} is not allowed because ${of} does not reference that secret`,
      );
  }
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const { name, valueFrom } of container.env ?? []) {
      const secret = valueFrom?.secretKeyRef?.name;
      if (mayNot(secret))
        refuse(
          `container ${container.name} with envVar ${name} referencing secret.secretName=${JSON.stringify(secret)} is not allowed because ${of} does not reference that secret`,
        );
    }
    for (const source of container.envFrom ?? []) {
      const secret = source.secretRef?.name;
      if (mayNot(secret))
        refuse(
          `container ${container.name} with envFrom referencing secret.secretName=${JSON.stringify(secret)} is not allowed because ${of} does not reference that secret`,
        );
    }
  }
  const pullable = new Set((account.imagePullSecrets ?? []).map((secret) => secret.name));
  spec.imagePullSecrets?.forEach(({ name }, i) => {
    if (!pullable.has(name))
      refuse(
        `imagePullSecrets[${i}].name=${JSON.stringify(name)} is not allowed because ${of} does not reference that imagePullSecret`,
      );
  });
}
