import { httpApi } from '@navarch/client';
import { httpTransport } from '@navarch/node/client';
import { systemClock, systemLogger, systemRandom } from '@navarch/node/system';
import { runSimulatedNodes } from '@navarch/sim';
import { accessOf, type NodeAccess } from '../join/node-access.ts';
import { KUBERNETES_VERSION } from '../version.ts';

const START_MS_MAX = 1_000;

/** Plays one node over HTTP, for machines that cannot run containers: pods become Ready by stages, nothing runs. */
export async function runSimulatedAgent(access: NodeAccess, signal: AbortSignal): Promise<void> {
  using transport = httpTransport(accessOf(access));
  const api = httpApi({ transport, clock: systemClock, userAgent: `navarch-agent/${KUBERNETES_VERSION}` }, signal);
  await runSimulatedNodes(
    {
      api,
      clock: systemClock,
      random: systemRandom(),
      log: systemLogger('info'),
      names: [access.nodeName],
      version: KUBERNETES_VERSION,
      startMsMax: START_MS_MAX,
    },
    signal,
  );
}
