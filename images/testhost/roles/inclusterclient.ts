import { createHash } from 'node:crypto';
import { apiServer, askInCluster, tokenOfAccount } from '../in-cluster.ts';
import { defineRole, log } from '../role.ts';

/** Asks the API server now and then in the name of the pod's account, and tells with which token (by its digest). */
export const inclusterclient = defineRole({
  name: 'inclusterclient',
  flags: { 'poll-interval': '30' },
  run({ flags }) {
    const poll = async (): Promise<void> => {
      log('calling /healthz');
      const token = tokenOfAccount();
      log(`authz_header=${token ? createHash('sha256').update(`Bearer ${token}`).digest('base64url') : '<empty>'}`);
      const { status } = await askInCluster(`${apiServer()}/healthz`);
      if (status !== 200) log('status=failed');
    };
    const pollSafely = (): void =>
      void poll().catch((error: unknown) => log(`status=failed\nerror checking /healthz: ${String(error)}`));
    setInterval(pollSafely, flags.number('poll-interval') * 1000);
    pollSafely();
  },
});
