export interface KubeconfigEntry {
  readonly name: string;
  readonly server: string;
  readonly user: string;
  /** PEM texts. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig with one cluster, one user and one context (JSON, which is YAML too). */
export const kubeconfigText = (entry: KubeconfigEntry): string => `${JSON.stringify(kubeconfig(entry), null, 2)}\n`;

const kubeconfig = ({ name, server, user, authority, certificate, key }: KubeconfigEntry): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(authority) } }],
  users: [{ name: user, user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
  contexts: [{ name, context: { cluster: name, user } }],
  'current-context': name,
});
