import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TaskGroup } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { CompleteConfiguration, cri } from '@navarch/kubelet';
import { type NodeStatistics, serveKubelet } from '@navarch/node/kubelet';
import { certificateFacts, type Credentials } from '@navarch/node/pki';
import { systemClock, systemRandom } from '@navarch/node/system';
import { readCredentials, writeCredentials } from '../join/credentials-file.ts';
import { keepFresh } from '../join/keep-fresh.ts';
import { servingFile } from '../join/node-access.ts';
import { requestCertificate } from '../join/request-certificate.ts';
import { type AgentOptions, kubeletFolderOf } from './agent-options.ts';

export interface KubeletServerDeps extends AgentOptions {
  readonly api: Api;
  readonly runtime: cri.ContainerRuntime;
  readonly statistics: NodeStatistics;
}

/** Serves the kubelet's API with a certificate for this node's name and address, which is had from the cluster and renewed in time. */
export async function keepKubeletServer(deps: KubeletServerDeps, signal: AbortSignal): Promise<void> {
  const {
    api,
    runtime,
    statistics,
    log,
    nodeIP,
    dataDir,
    config,
    identityDir,
    access: { nodeName, authority },
  } = deps;
  const own = ownCertificate(config);
  const served = {
    api,
    runtime,
    log,
    nodeName,
    checkpoints: join(kubeletFolderOf(dataDir), 'checkpoints'),
    address: config.address === '0.0.0.0' ? nodeIP : config.address,
    authority: config.authentication.x509.clientCAFile
      ? readFileSync(config.authentication.x509.clientCAFile, 'utf8')
      : authority,
    statistics,
    config,
    port: config.port,
  };
  if (own) return serveKubelet({ ...served, ...own }, signal);
  const file = servingFile(identityDir);
  const order = async (during: AbortSignal): Promise<Credentials> => {
    const subject = {
      commonName: `system:node:${nodeName}`,
      organizations: ['system:nodes'],
      names: [nodeName],
      addresses: [nodeIP],
    };
    const credentials = await requestCertificate(
      { subject, purpose: 'serving' },
      { api, clock: systemClock, log },
      during,
    );
    writeCredentials(file, credentials);
    return credentials;
  };
  const first = stored(file, [nodeName, nodeIP]) ?? (await untilGiven(order, deps, signal));
  await using group = new TaskGroup(signal);
  let use: ((next: Credentials) => void) | undefined;
  group.spawn((s) =>
    serveKubelet(
      {
        ...served,
        ...first,
        onRenewal: (take) => {
          use = take;
        },
      },
      s,
    ),
  );
  group.spawn((s) =>
    keepFresh(
      {
        what: 'serving',
        first,
        async renew(during) {
          const next = await order(during);
          use?.(next);
          return next;
        },
      },
      { clock: systemClock, random: systemRandom(), log },
      s,
    ),
  );
  await group.join();
}

/** What the configuration names instead of what the cluster would give. */
function ownCertificate({ tlsCertFile, tlsPrivateKeyFile }: CompleteConfiguration): Credentials | undefined {
  if (!tlsCertFile || !tlsPrivateKeyFile) return undefined;
  return { certificate: readFileSync(tlsCertFile, 'utf8'), key: readFileSync(tlsPrivateKeyFile, 'utf8') };
}

/** The certificate from before, while it is good and says what this node is called today. */
function stored(file: string, names: readonly string[]): Credentials | undefined {
  const found = readCredentials(file);
  if (!found) return undefined;
  const facts = certificateFacts(found.certificate);
  return facts.notAfter > systemClock.now() && names.every((name) => facts.names.includes(name)) ? found : undefined;
}

const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;

/** The node can do without its server for a while: pods run all the same, only logs and exec wait. */
async function untilGiven(
  order: (signal: AbortSignal) => Promise<Credentials>,
  { log }: Pick<AgentOptions, 'log'>,
  signal: AbortSignal,
): Promise<Credentials> {
  for (let waitMs = RETRY_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
    try {
      return await order(signal);
    } catch (error) {
      signal.throwIfAborted();
      log.warn('no serving certificate for the kubelet yet, will ask again', { error });
      await systemClock.sleep(waitMs, signal);
    }
  }
}
