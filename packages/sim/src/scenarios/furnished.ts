import { systemUser } from '@navarch/apiserver';
import { serviceAccount } from '@navarch/api';
import { invariant, type Logger, type Random, seededRandom, silent, TaskGroup } from '@navarch/base';
import { type Entry, MemoryStore } from '@navarch/store';
import { SimClock } from '../sim-clock.ts';
import { SimServer } from '../sim-server.ts';

interface Furniture {
  readonly entries: readonly Entry[];
  readonly revision: number;
}

const noTokens = { sign: async () => 'simulated', verify: async () => undefined, jwks: () => ({ keys: [] }) };

export const serverOptions = (clock: SimClock, random: Random, log: Logger) => ({
  clock,
  random,
  log,
  tokens: noTokens,
  issuer: 'https://kubernetes.default.svc',
  serviceCidr: '10.96.0.0/16',
  nodePorts: [30_000, 32_767] as const,
  advertiseAddress: '10.95.0.1',
  advertisePort: 6443,
});

let made: Promise<Furniture> | undefined;

/** What every cluster has, and the account that pods run as. It is made once, and every play begins with a copy. */
export const furnished = (): Promise<Furniture> => (made ??= furnish());

async function furnish(): Promise<Furniture> {
  const clock = new SimClock();
  const store = new MemoryStore();
  const life = new AbortController();
  await using group = new TaskGroup(life.signal);
  const options = serverOptions(clock, seededRandom(1), silent);
  const server = new SimServer({ ...options, disk: store, diskMs: () => 0 });
  let isDone = false;
  group.spawn((signal) =>
    server.run(signal, () => {
      const accounts = server.api(systemUser).of(serviceAccount);
      group.spawn(async () => {
        await accounts.create({ metadata: { namespace: 'default', name: 'default' } });
        isDone = true;
      });
    }),
  );
  invariant(await clock.advanceUntil(() => isDone, 60_000), 'a server without faults came up');
  return store.list('/registry/');
}
