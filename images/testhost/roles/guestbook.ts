import { lookup } from 'node:dns/promises';
import { createSocket } from 'node:dgram';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { dial } from '../dial.ts';
import { answer, parametersOf, serveHttp, urlOf } from '../http.ts';
import { defineRole, log, RoleError } from '../role.ts';

const REGISTER_MS = 15_000;
const RETRY_MS = 1000;

/**
 * All three parts of the guest book: the primary keeps lines and tells its replicas, replicas tell the primary of
 * themselves (`--replicaof`), and the front end passes on to `agnhost-primary` or `agnhost-replica`.
 */
export const guestbook = defineRole({
  name: 'guestbook',
  flags: { 'http-port': '80', 'backend-port': '6379', replicaof: '' },
  async run({ flags }) {
    const book = new Map<string, string>();
    const backendPort = flags.number('backend-port');
    serveBook(book, flags.number('http-port'), backendPort);
    const primary = flags.text('replicaof');
    if (primary) for (const [key, value] of await register(primary, backendPort)) book.set(key, value);
  },
});

function serveBook(book: Map<string, string>, port: number, backendPort: number): void {
  const replicas: string[] = [];
  const tell = (host: string, request: string): Promise<string> =>
    dial({ protocol: 'http', host, port: backendPort, request });
  const handlers: Readonly<
    Record<string, (response: ServerResponse, of: (name: string) => string) => Promise<void> | void>
  > = {
    '/register'(response, of) {
      replicas.push(of('host'));
      say(response, { data: Object.fromEntries(book) });
    },
    '/get': (response, of) =>
      say(response, { data: of('key') === '' ? Object.fromEntries(book) : (book.get(of('key')) ?? '') }),
    async '/set'(response, of) {
      if (of('key') === '') return answer(response, 400, 'cannot set with empty key.\n');
      book.set(of('key'), of('value'));
      for (const host of replicas)
        await tell(host, `set?${new URLSearchParams({ key: of('key'), value: of('value') })}`);
      say(response, { message: 'Updated' });
    },
    async '/guestbook'(response, of) {
      const command = of('cmd').toLowerCase();
      if (command !== 'get' && command !== 'set') return answer(response, 400, `unsupported cmd: '${command}'\n`);
      const host = command === 'get' ? 'agnhost-replica' : 'agnhost-primary';
      answer(
        response,
        200,
        await tell(host, `${command}?${new URLSearchParams({ key: of('key'), value: of('value') })}`),
      );
    },
  };
  serveHttp({ port }, (request, response) => {
    log(`${request.method} ${request.url}`);
    const handler = handlers[urlOf(request).pathname];
    if (!handler) return answer(response, 404, '404 page not found\n');
    const work = async (): Promise<void> => {
      const parameters = await parametersOf(request);
      await handler(response, (name) => parameters.get(name) ?? '');
    };
    work().catch((error: unknown) => answer(response, 417, `encountered error: ${String(error)}\n`));
  });
}

const say = (response: ServerResponse, value: unknown): void => answer(response, 200, JSON.stringify(value));

/** Gives what the primary holds by then. */
async function register(primary: string, port: number): Promise<readonly (readonly [string, string])[]> {
  for (let left = REGISTER_MS; left > 0; left -= RETRY_MS) {
    try {
      const own = await ownAddress((await lookup(primary)).address);
      const { data } = JSON.parse(
        await dial({ protocol: 'http', host: primary, port, request: `register?host=${own}` }),
      ) as { readonly data: Readonly<Record<string, string>> };
      log(`Registered to node: ${primary}`);
      return Object.entries(data);
    } catch (error) {
      log(`encountered error while registering to primary: ${String(error)}. Retrying in 1s.`);
      await sleep(RETRY_MS);
    }
  }
  throw new RoleError('Timed out while registering to primary.');
}

/** The address by which the other side sees this one. */
function ownAddress(other: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = createSocket(other.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', reject);
  socket.connect(9, other, () => {
    resolve(socket.address().address);
    socket.close();
  });
  return promise;
}
