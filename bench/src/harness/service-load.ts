import { Agent, createServer as createWebServer, get } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';

// node service-load.ts serve PORT: answers each byte with one.
// node service-load.ts serve-http PORT: answers each request with a page.
// node service-load.ts bytes|http ADDRESS PORT BARE-ADDRESS BARE-PORT MS: asks both places so long, by turns of a tenth of a
//   second, and prints what it counted of each as JSON.
// node service-load.ts added ADDRESS PORT BARE-ADDRESS BARE-PORT MS: asks both in turn, one at a time, and prints as JSON
//   how many microseconds more a round trip to the first takes, by the medians.
// node service-load.ts first ADDRESS PORT: prints when the first connection stands, in milliseconds of the epoch.
// Each is meant for a network namespace of its own, by `ip netns exec`.

/** At a time: more would measure how Node takes turns. */
const SENDERS = 4;
/** Long beside a request, and short beside the weather of a machine with other work. */
const TURN_MS = 100;
const PAGE = 'x'.repeat(1024);
const PATIENCE_MS = 10;
/** An endpoint that is not reached by then never is. */
const FIRST_MS = 60_000;

const [mode = '', ...rest] = process.argv.slice(2);
const up = (): boolean => process.stdout.write('up\n');
if (mode === 'serve') {
  createServer((socket) => socket.on('data', (data) => socket.write(data)).on('error', () => socket.destroy())).listen(
    Number(rest[0]),
    '0.0.0.0',
    up,
  );
} else if (mode === 'serve-http') {
  createWebServer((_, response) => response.setHeader('content-type', 'text/plain').end(PAGE)).listen(
    Number(rest[0]),
    '0.0.0.0',
    up,
  );
} else {
  const place = (at: number): Place => ({ host: rest[at] ?? '', port: Number(rest[at + 1]), noDelay: true });
  if (mode === 'first') await first(place(0));
  else if (mode === 'added') await added(place(0), place(2), Number(rest[4]));
  else await byTurns([place(0), place(2)], mode === 'http' ? pages : bytes, Number(rest[4]));
}

type Place = { readonly host: string; readonly port: number; readonly noDelay: boolean };
/** Asks once, by a connection of its own that stays. */
type Sender = () => Promise<void>;

function bytes(place: Place): Sender {
  const socket = connect(place);
  return async () => {
    await asked(socket);
    socket.removeAllListeners('error');
  };
}

/** As a program does that asks a web server again and again. */
function pages({ host, port }: Place): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return () =>
    new Promise((resolve, reject) => {
      get({ agent, host, port }, (response) => response.resume().once('end', resolve).once('error', reject)).once(
        'error',
        reject,
      );
    });
}

/** One byte there and one back. */
function asked(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('data', () => resolve()).once('error', reject);
    socket.write('?');
  });
}

/** Both see the same weather; who begins changes, for what comes second finds caches as the first left them. */
async function byTurns(places: readonly [Place, Place], senderTo: (place: Place) => Sender, ms: number): Promise<void> {
  const sides = places.map((place) => ({
    senders: Array.from({ length: SENDERS }, () => senderTo(place)),
    latencies: [] as number[],
    rates: [] as number[],
  }));
  for (const { senders } of sides) for (const ask of senders) await ask();
  const end = performance.now() + ms;
  for (let turn = 0; performance.now() < end; turn++)
    for (const side of turn % 2 === 0 ? sides : sides.toReversed()) {
      const [began, before] = [performance.now(), side.latencies.length];
      await Promise.all(side.senders.map((ask) => keepAsking(ask, began + TURN_MS, side.latencies)));
      side.rates.push((1000 * (side.latencies.length - before)) / (performance.now() - began));
    }
  const counted = sides.map(({ latencies, rates }) => {
    const at = (values: number[], share: number): number =>
      values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
    // The middle turn: in one that other work fell into nothing of ours is seen.
    return { perSecond: at(rates, 0.5), p50Ms: at(latencies, 0.5), p99Ms: at(latencies, 0.99) };
  });
  process.stdout.write(JSON.stringify(counted), () => process.exit(0));
}

async function keepAsking(ask: Sender, until: number, latencies: number[]): Promise<void> {
  for (let began = performance.now(); began < until;) {
    await ask();
    const now = performance.now();
    latencies.push(now - began);
    began = now;
  }
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
