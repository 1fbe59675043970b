import { isIPv6 } from 'node:net';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { Prober } from '@navarch/kubelet';
import { formatDuration } from '@navarch/machinery';
import { asBuffer } from '../grpc/codec.ts';
import { wireTypes } from '../grpc/wire.ts';
import { WireWriter } from '@navarch/machinery';

const CHECK = '/grpc.health.v1.Health/Check';
/** HealthCheckResponse.ServingStatus, by number. */
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const SERVING = 1;

/** Asks by the gRPC health checking protocol. Who does not listen yet is tried again for as long as there is time. */
export const askHealth: Prober['grpc'] = async (host, port, service, timeoutMs, signal) => {
  const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const client = new Client(`${isIPv6(host) ? 'ipv6' : 'ipv4'}:${address}`, credentials.createInsecure(), {
    'grpc.primary_user_agent': 'kube-probe/1.37',
    'grpc.use_local_subchannel_pool': 1,
  });
  const deadline = Date.now() + timeoutMs;
  const stop = (): void => client.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const isThere = await new Promise<boolean>((resolve) => {
      client.waitForReady(deadline, (error) => resolve(error === undefined || error === null));
    });
    if (!isThere) {
      const words = `failed to connect service ${JSON.stringify(address)} within ${formatDuration(timeoutMs)}`;
      return `timeout: ${words}: context deadline exceeded`;
    }
    return await new Promise<string | undefined>((resolve) => {
      const answered = (error: ServiceError | null, found?: number): void =>
        resolve(error ? refusal(error, timeoutMs) : unhealthy(found ?? 0));
      client.makeUnaryRequest(CHECK, encodeRequest, decodeStatus, service, { deadline }, answered);
    });
  } finally {
    signal.removeEventListener('abort', stop);
    client.close();
  }
};

const unhealthy = (found: number): string | undefined =>
  found === SERVING ? undefined : `service unhealthy (responded with ${JSON.stringify(STATUSES[found] ?? `${found}`)})`;

function refusal({ code, details }: ServiceError, timeoutMs: number): string {
  if (code === status.UNIMPLEMENTED)
    return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${details}`;
  if (code === status.DEADLINE_EXCEEDED)
    return `timeout: health rpc did not complete within ${formatDuration(timeoutMs)}`;
  return `error: health rpc probe failed: rpc error: code = ${goName(status[code])} desc = ${details}`;
}

/** `NOT_FOUND` is NotFound to who writes Go. */
const goName = (name: string): string => name.toLowerCase().replace(/(?:^|_)(\w)/g, (_, c: string) => c.toUpperCase());

/** HealthCheckRequest: the service is field 1, left out where it is empty. */
function encodeRequest(service: string): Buffer {
  const writer = new WireWriter();
  if (service !== '') {
    writer.string(service);
    writer.tag(1, wireTypes.bytes);
  }
  return asBuffer(writer.take());
}

/** HealthCheckResponse: the status is field 1, left out where it is 0. */
const decodeStatus = (bytes: Buffer): number => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0);
