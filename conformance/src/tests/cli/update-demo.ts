import assert from 'node:assert/strict';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { getJson } from '../../requests.ts';
import { BUSYBOX } from '../../testhost.ts';
import { until } from '../../until.ts';
import { manifest, PODS_MS, stopUsing } from './controllers.ts';

const NAME = 'update-demo';
const SELECTOR = `name=${NAME}`;
const IMAGE_SHOWN = 'nautilus.jpg';
const labels = { name: NAME, version: 'nautilus' };

/** Web servers that say which picture they show, as upstream's demo does. */
const nautilus = manifest({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'update-demo-nautilus' },
  spec: {
    replicas: 2,
    selector: labels,
    template: {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 1, // Its shell hears no signals.
        containers: [
          {
            name: NAME,
            image: BUSYBOX,
            ports: [{ containerPort: 80, protocol: 'TCP' }],
            command: [
              'sh',
              '-c',
              `mkdir /www && echo '{"image": "${IMAGE_SHOWN}"}' > /www/data.json && exec httpd -f -p 80 -h /www`,
            ],
          },
        ],
      },
    },
  },
});

const running = `{{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}{{if (and (eq .name "${NAME}") (exists . "state" "running"))}}true{{end}}{{end}}{{end}}`;
const image = `{{if (exists . "spec" "containers")}}{{range .spec.containers}}{{if eq .name "${NAME}"}}{{.image}}{{end}}{{end}}{{end}}`;

const template = (context: TestContext, text: string, ...of: readonly string[]): Promise<string> =>
  context.kubectl(['get', 'pods', ...of, '-o', 'template', `--template=${text}`]);

/** So many pods, each running its image and showing its picture through the proxy. */
async function shows(context: TestContext, replicas: number): Promise<void> {
  const names = async (): Promise<readonly string[]> =>
    (await template(context, '{{range.items}}{{.metadata.name}} {{end}}', '-l', SELECTOR))
      .trim()
      .split(/\s+/)
      .filter(Boolean);
  const isShown = async (name: string): Promise<boolean> => {
    if ((await template(context, running, name)) !== 'true') return false;
    if (!(await template(context, image, name)).endsWith(BUSYBOX)) return false;
    try {
      const { image: shown } = await getJson<{ readonly image: string }>(
        context,
        `/api/v1/namespaces/${context.namespace}/pods/${name}/proxy/data.json`,
      );
      return shown.includes(IMAGE_SHOWN);
    } catch (error) {
      context.log(String(error));
      return false;
    }
  };
  await until(context, `${replicas} pods that show ${IMAGE_SHOWN}`, PODS_MS, async () => {
    const all = await names();
    if (all.length !== replicas) return false;
    for (const name of all) if (!(await isShown(name))) return false;
    return true;
  });
}

export const updateDemoTests: readonly ConformanceTest[] = [
  conformanceTest(
    '[sig-cli] Kubectl client Update Demo should create and stop a replication controller',
    async (context) => {
      await context.kubectl(['create', '-f', '-'], nautilus);
      await shows(context, 2);
      await stopUsing(context, nautilus, [SELECTOR]);
    },
  ),
  conformanceTest('[sig-cli] Kubectl client Update Demo should scale a replication controller', async (context) => {
    await context.kubectl(['create', '-f', '-'], nautilus);
    await shows(context, 2);
    for (const replicas of [1, 2]) {
      assert.match(
        await context.kubectl(['scale', 'rc', 'update-demo-nautilus', `--replicas=${replicas}`, '--timeout=5m']),
        /scaled/,
      );
      await shows(context, replicas);
    }
    await stopUsing(context, nautilus, [SELECTOR]);
  }),
];
