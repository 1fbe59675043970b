import { createSocket } from 'node:dgram';

export interface Target {
  readonly protocol: 'http' | 'udp';
  readonly host: string;
  readonly port: number;
  /** The path, without its first slash, or the datagram. */
  readonly request: string;
}

const TIMEOUT_MS = 5_000;

/** Asks once over a connection of its own, and gives the answer. Throws when there is none in 5 s. */
export function dial(target: Target): Promise<string> {
  return target.protocol === 'http' ? dialHttp(target) : dialUdp(target);
}

async function dialHttp({ host, port, request }: Target): Promise<string> {
  const address = host.includes(':') ? `[${host}]` : host;
  const response = await fetch(`http://${address}:${port}/${request}`, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return response.text();
}

function dialUdp({ host, port, request }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(
      () => finish(() => reject(new Error('reading from udp connection failed. err: i/o timeout'))),
      TIMEOUT_MS,
    );
    const finish = (report: () => void): void => {
      clearTimeout(timer);
      socket.close();
      report();
    };
    socket.on('message', (message) => finish(() => resolve(message.toString())));
    socket.on('error', (error) => finish(() => reject(error)));
    // Connected: a refusal comes back as an error instead of silence.
    socket.connect(port, host, () => socket.send(request));
  });
}
