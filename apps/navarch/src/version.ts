/** The release of Kubernetes whose API is served, and ours. */
export const KUBERNETES_VERSION = 'v1.37.0';
export const VERSION = `0.1.0 (Kubernetes ${KUBERNETES_VERSION})`;
