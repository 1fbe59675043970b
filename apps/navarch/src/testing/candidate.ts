import { join } from 'node:path';
import { builtinKinds } from '@navarch/api';
import { MetricRegistry } from '@navarch/base';
import { httpApi } from '@navarch/client';
import { httpTransport, loadAccess } from '@navarch/node/client';
import { certificateAuthority, detachedSignature, Pki } from '@navarch/node/pki';
import { systemClock, systemLogger, systemRandom } from '@navarch/node/system';
import { runControlPlane } from '../compose/control-plane.ts';
import { schedulingOf } from '../compose/scheduling.ts';
import { untilStopped } from '../until-stopped.ts';

// `node candidate.ts FOLDER IDENTITY`: the controllers and the scheduler of one server among several, without its API
// server, which the one of that folder is instead: all of them see one store.

const [folder = '', identity = ''] = process.argv.slice(2);
const pki = await Pki.open(join(folder, 'pki'));
const authority = certificateAuthority(pki.authority);

await untilStopped(async (signal) => {
  using transport = httpTransport(loadAccess(join(folder, 'admin.kubeconfig')));
  const api = httpApi({ transport, clock: systemClock, userAgent: identity }, signal);
  await runControlPlane(
    {
      as: () => api,
      reader: () => async () => undefined,
      clock: systemClock,
      random: systemRandom(),
      log: systemLogger('info'),
      metrics: new MetricRegistry(),
      rootCertificate: pki.authority.certificate,
      clusterCidr: '10.244.0.0/16',
      serviceCidr: '10.96.0.0/16',
      joining: {
        clients: authority,
        kubeletServers: authority,
        sign: detachedSignature,
        review: async () => false,
      },
      scheduling: schedulingOf(undefined),
      controllers: ['*'],
      kinds: {
        current: () => builtinKinds,
        changed: (_, until) => new Promise((__, reject) => until.addEventListener('abort', () => reject(until.reason))),
      },
      candidate: identity,
      housekeep: async () => undefined,
    },
    signal,
  );
});
