/** Who signs what of itself in a cluster (reference: Certificate Signing Requests, "Kubernetes signers"). */
export const SIGNERS = {
  client: 'kubernetes.io/kube-apiserver-client',
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  legacyUnknown: 'kubernetes.io/legacy-unknown',
} as const;

export type SignerName = (typeof SIGNERS)[keyof typeof SIGNERS];
