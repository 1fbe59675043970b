import { pod, type Pod } from '@navarch/api';
import type { TestContext } from '../../conformance-test.ts';
import { TESTHOST } from '../../testhost.ts';
import { until } from '../../until.ts';

/** How long upstream waits for the pods of these tests. */
export const PODS_MS = 300_000;

const PRIMARY_LABELS = { app: 'agnhost', role: 'primary' };
const PRIMARY_PORT = 6379;

/** What `kubectl create -f -` reads. */
export const manifest = (...objects: readonly object[]): string =>
  objects.map((object) => JSON.stringify(object)).join('\n---\n');

/** One pod that listens; most of the commands are tried on it. */
const primaryController = {
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'agnhost-primary', labels: PRIMARY_LABELS },
  spec: {
    replicas: 1,
    selector: PRIMARY_LABELS,
    template: {
      metadata: { labels: PRIMARY_LABELS },
      spec: {
        containers: [
          {
            name: 'agnhost-primary',
            image: TESTHOST,
            args: ['guestbook', '--http-port', String(PRIMARY_PORT)],
            ports: [{ name: 'agnhost-server', containerPort: PRIMARY_PORT }],
          },
        ],
      },
    },
  },
};

export const primaryService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'agnhost-primary', labels: PRIMARY_LABELS },
  spec: { ports: [{ port: PRIMARY_PORT, targetPort: 'agnhost-server' }], selector: PRIMARY_LABELS },
};

/** Creates the controller by kubectl and gives its pod when that runs. */
export async function startPrimary(context: TestContext, ...more: readonly object[]): Promise<Pod> {
  for (const object of [primaryController, ...more]) await context.kubectl(['create', '-f', '-'], manifest(object));
  return runningPod(context, 'app=agnhost');
}

export async function runningPod(context: TestContext, labelSelector: string): Promise<Pod> {
  let found: Pod | undefined;
  await until(context, `a running pod of ${labelSelector}`, PODS_MS, async () => {
    const { items } = await context.api.of(pod).list({ namespace: context.namespace, labelSelector });
    found = items.find(({ status }) => status.phase === 'Running');
    return found !== undefined;
  });
  if (!found) throw new Error('there is none');
  return found;
}

/** Deletes by kubectl what was created from the same text, and checks that nothing of it is left. */
export async function stopUsing(context: TestContext, text: string, selectors: readonly string[]): Promise<void> {
  await context.kubectl(['delete', '--grace-period=0', '--force', '-f', '-'], text);
  const left =
    '{{ range .items }}{{ if not .metadata.deletionTimestamp }}{{ .metadata.name }}{{ "\\n" }}{{ end }}{{ end }}';
  for (const selector of selectors) {
    await until(context, `nothing being left of ${selector}`, 60_000, async () => {
      const resources = await context.kubectl(['get', 'rc,svc', '-l', selector, '--no-headers']);
      const pods = await context.kubectl(['get', 'pods', '-l', selector, '-o', `go-template=${left}`]);
      return resources === '' && pods === '';
    });
  }
}
