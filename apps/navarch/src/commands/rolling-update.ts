import { readFileSync } from 'node:fs';
import { replicationController, type ReplicationController } from '@navarch/api';
import { type Api, httpApi } from '@navarch/client';
import { type Draft, hasReason } from '@navarch/machinery';
import { httpTransport, kubeconfigFile, loadAccess } from '@navarch/node/client';
import { systemClock } from '@navarch/node/system';
import { parseYaml } from '@navarch/node/yaml';
import { durationOf } from '../cluster/flags.ts';
import { roll } from '../rolling-update/roll.ts';
import { checkApart, labelOld, withImage } from '../rolling-update/successor.ts';
import { untilStopped } from '../until-stopped.ts';
import { sentenceOf, UserError } from '../user-error.ts';
import type { Declare } from './declare.ts';

const HELP = `
Legacy: what \`kubectl rolling-update\` did before Deployments. Nothing in the cluster remembers it but annotations
(kubectl.kubernetes.io/update-source-id, desired-replicas, original-replicas); an interrupted one goes on when run again.
New things should be Deployments, which the cluster itself rolls: \`kubectl rollout\`.

Examples:
  ./navarch rolling-update web --image=nginx:2             the same with another image, under the same name
  ./navarch rolling-update web web-v2 --image=nginx:2      and under another
  ./navarch rolling-update web -f web-v2.yaml              to the controller in a file
  ./navarch rolling-update web web-v2 --rollback           back to web
`;

interface Flags {
  readonly image?: string;
  readonly container?: string;
  readonly filename?: string;
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly deploymentLabelKey: string;
  readonly updatePeriod: string;
  readonly pollInterval: string;
  readonly timeout: string;
  readonly rollback?: boolean;
}

export const declareRollingUpdate: Declare = (program) => {
  program
    .command('rolling-update')
    .description('Legacy: replace a ReplicationController by another, pod by pod')
    .argument('<old>', 'the controller whose pods are replaced')
    .argument('[new]', 'the name of the other')
    .option('--image <image>', 'the image that pods get')
    .option('--container <name>', 'the container that gets it, where there are several')
    .option('-f, --filename <file>', 'the other controller (YAML or JSON)')
    .option('-n, --namespace <namespace>', 'where they are', 'default')
    .option('--kubeconfig <file>', 'how to reach the cluster; absent: as kubectl does')
    .option('--deployment-label-key <key>', 'the label by which pods of the two are told apart', 'deployment')
    .option('--update-period <time>', 'between two steps', '1m')
    .option('--poll-interval <time>', 'between two looks at what has become of a step', '3s')
    .option('--timeout <time>', 'how long nothing may move before it is given up', '5m')
    .option('--rollback', 'go back to <old> from [new]')
    .addHelpText('after', HELP)
    .action((old: string, next: string | undefined, flags: Flags) => rollingUpdate(old, next, flags));
};

async function rollingUpdate(oldName: string, newName: string | undefined, flags: Flags): Promise<void> {
  const ways = [flags.image, flags.filename, flags.rollback].filter((way) => way !== undefined);
  if (ways.length !== 1) throw new UserError('give one of --image, --filename and --rollback');
  if (flags.rollback && newName === undefined) throw new UserError('--rollback takes both names: OLD NEW');
  const pace = {
    periodMs: durationOf('--update-period', flags.updatePeriod),
    pollMs: durationOf('--poll-interval', flags.pollInterval),
    timeoutMs: durationOf('--timeout', flags.timeout),
  };
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const fromFile = flags.filename === undefined ? undefined : readController(flags.filename, flags.namespace);
  await untilStopped(async (signal) => {
    using transport = httpTransport(loadAccess(flags.kubeconfig ?? kubeconfigFile()));
    const api = httpApi({ transport, clock: systemClock, userAgent: 'navarch' }, signal);
    const found = (name: string): Promise<ReplicationController> => existing(api, `${flags.namespace}/${name}`);
    const deps = { api, clock: systemClock, say };
    if (flags.rollback) {
      const [old, next] = [await found(newName ?? ''), await found(oldName)];
      await roll({ old, next, pace, keepsName: false }, deps, signal);
      return say(`replicationcontroller/${oldName} rolled back`);
    }
    const before = await found(oldName);
    const { image, container, deploymentLabelKey: labelKey } = flags;
    const next = fromFile ?? withImage(before, { image: image ?? '', container, newName, labelKey });
    const old = fromFile ? before : await labelOld(api, before, labelKey);
    checkApart(old, next);
    const keepsName = !fromFile && newName === undefined;
    await roll({ old, next, pace, keepsName }, deps, signal);
    say(`replicationcontroller/${keepsName ? oldName : next.metadata?.name} rolling updated`);
  });
}

async function existing(api: Api, key: string): Promise<ReplicationController> {
  try {
    return await api.of(replicationController).get(key);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    throw new UserError(`there is no ReplicationController ${key}`, { cause: error });
  }
}

function readController(file: string, namespace: string): Draft<ReplicationController> {
  let document: unknown;
  try {
    document = parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${sentenceOf(error)}`, { cause: error });
  }
  const controller = document as Partial<Draft<ReplicationController>> & { readonly kind?: string };
  if (controller?.kind !== 'ReplicationController' || controller.metadata?.name === undefined)
    throw new UserError(`${file} holds no ReplicationController`);
  const labels = controller.spec?.template?.metadata?.labels ?? {};
  return {
    ...(controller as Draft<ReplicationController>),
    metadata: { ...controller.metadata, namespace },
    // As the server would: what its own pods have.
    spec: { selector: labels, ...controller.spec },
  } as Draft<ReplicationController>;
}
