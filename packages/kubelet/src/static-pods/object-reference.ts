/** Fields of a pod's spec that name objects of the API, and what upstream calls those. */
const WORDS: Readonly<Record<string, string>> = {
  serviceAccountName: 'serviceaccounts',
  serviceAccount: 'serviceaccounts',
  imagePullSecrets: 'secrets',
  secret: 'secrets',
  secretRef: 'secrets',
  secretKeyRef: 'secrets',
  nodePublishSecretRef: 'secrets',
  secretName: 'secrets',
  configMap: 'configmaps',
  configMapRef: 'configmaps',
  configMapKeyRef: 'configmaps',
  persistentVolumeClaim: 'persistentvolumeclaims',
  ephemeral: 'persistentvolumeclaims',
  resourceClaims: 'resourceclaims',
  serviceAccountToken: 'serviceaccounts',
  clusterTrustBundle: 'clustertrustbundles',
  podCertificate: 'podcertificates',
};
/** Names are texts, everything else that refers is an object: users choose the keys of maps of texts. */
const TEXTS: ReadonlySet<string> = new Set(['serviceAccountName', 'serviceAccount', 'secretName']);
const USERS_MAPS: ReadonlySet<string> = new Set(['nodeSelector', 'matchLabels', 'volumeAttributes', 'options']);

/** The kind of an API object that a pod's spec needs, `secrets`; undefined when it needs none. */
export function objectReference(spec: object): string | undefined {
  for (const [name, value] of Object.entries(spec)) {
    if (USERS_MAPS.has(name)) continue;
    const isReference = TEXTS.has(name) ? typeof value === 'string' && value !== '' : isFilled(value);
    if (WORDS[name] !== undefined && isReference) return WORDS[name];
    const inside = typeof value === 'object' && value !== null ? objectReference(value) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}

const isFilled = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : typeof value === 'object' && value !== null;
