import { connect, createServer, type Socket } from 'node:net';

// node service-load.ts serve PORT: answers each byte with one.
// node service-load.ts requests ADDRESS PORT MS: asks so long, and prints what it counted as JSON.
// node service-load.ts added ADDRESS PORT BARE-ADDRESS BARE-PORT MS: asks both in turn, one at a time, and prints as JSON
//   how many microseconds more a round trip to the first takes, by the medians.
// node service-load.ts first ADDRESS PORT: prints when the first connection stands, in milliseconds of the epoch.
// Each is meant for a network namespace of its own, by `ip netns exec`.

/** At a time: more would measure how Node takes turns. */
const SENDERS = 4;
const PATIENCE_MS = 10;
/** An endpoint that is not reached by then never is. */
const FIRST_MS = 60_000;

const [mode = '', ...rest] = process.argv.slice(2);
if (mode === 'serve') {
  createServer((socket) => socket.on('data', (data) => socket.write(data)).on('error', () => socket.destroy())).listen(
    Number(rest[0]),
    '0.0.0.0',
    () => process.stdout.write('up\n'),
  );
} else {
  const [address = '', port] = rest;
  const to: Place = { host: address, port: Number(port), noDelay: true };
  if (mode === 'first') await first(to);
  else if (mode === 'added')
    await added(to, { host: rest[2] ?? '', port: Number(rest[3]), noDelay: true }, Number(rest[4]));
  else await load(to, Number(rest[2]));
}

type Place = { readonly host: string; readonly port: number; readonly noDelay: boolean };

/** One byte there and one back. */
function asked(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('data', () => resolve()).once('error', reject);
    socket.write('?');
  });
}

async function load(to: Place, ms: number): Promise<void> {
  const latencies: number[] = [];
  const until = performance.now() + ms;
  const sender = async (): Promise<void> => {
    const socket = connect(to);
    while (performance.now() < until) {
      const began = performance.now();
      await asked(socket);
      latencies.push(performance.now() - began);
      socket.removeAllListeners('error');
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  process.stdout.write(JSON.stringify({ perSecond: latencies.length / (ms / 1000), p50Ms: at(0.5), p99Ms: at(0.99) }));
}

async function added(to: Place, bare: Place, ms: number): Promise<void> {
  const sides = [to, bare].map((place) => ({ socket: connect(place), took: [] as number[] }));
  for (const until = performance.now() + ms; performance.now() < until;)
    for (const { socket, took } of sides) {
      const began = performance.now();
      await asked(socket);
      took.push((performance.now() - began) * 1000);
      socket.removeAllListeners('error');
    }
  const [through = 0, direct = 0] = sides.map(({ socket, took }) => {
    socket.destroy();
    return took.sort((a, b) => a - b)[Math.floor(took.length / 2)] ?? 0;
  });
  process.stdout.write(JSON.stringify({ added: through - direct, throughUs: through, directUs: direct }));
}

/** Refused until there is an endpoint; and in silence, since the kernel sends few refusals in a second. */
async function first(to: Place): Promise<void> {
  process.stdout.write('trying\n');
  for (const end = performance.now() + FIRST_MS; ;) {
    if (performance.now() > end) throw new Error(`nothing answered at ${to.host}:${to.port} within ${FIRST_MS} ms`);
    const stands = await new Promise<boolean>((resolve) => {
      const socket = connect({ ...to, timeout: PATIENCE_MS }, () => resolve(true))
        .on('error', () => resolve(false))
        .on('timeout', () => resolve(false))
        .on('close', () => resolve(false));
      socket.once('connect', () => socket.resetAndDestroy()).once('timeout', () => socket.destroy());
    });
    if (stands) break;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  process.stdout.write(`${performance.timeOrigin + performance.now()}\n`);
}
