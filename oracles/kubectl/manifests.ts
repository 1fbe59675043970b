/** What kubectl reads from its input: one object, or a list of several. */
export const manifest = (...objects: readonly object[]): string =>
  JSON.stringify(objects.length === 1 ? objects[0] : { apiVersion: 'v1', kind: 'List', items: objects });

export const settings = (name: string, data: Readonly<Record<string, string>>): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

/** `replicas` may be wrong on purpose. */
export function deployment(
  name: string,
  { replicas, image = 'i:1' }: { readonly replicas?: unknown; readonly image?: string },
): object {
  const labels = { app: name.toLowerCase() };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }] },
      },
    },
  };
}
