import { Client, credentials, Metadata, type ServiceError, status as grpcStatus } from '@grpc/grpc-js';
import { cri } from '@navarch/kubelet';
import { decodeMessage, encodeMessage } from './codec.ts';
import { methods } from './generated/description.ts';

export type Method = keyof typeof methods;
type Message = Readonly<Record<string, unknown>>;

/** Upstream's kubelet and containerd agree on 16 MiB a message. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** One connection to a runtime's socket. Reconnects by itself; calls made meanwhile fail with UNAVAILABLE. */
export class CriChannel implements Disposable {
  readonly #client: Client;

  constructor(socketPath: string) {
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 3000,
      // Two nodes in one process have two sockets, and never share a connection.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** Waits until the runtime accepts connections. Throws CriError UNAVAILABLE after `timeoutMs`. */
  ready(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + timeoutMs, (error) => {
        if (error) reject(new cri.CriError('UNAVAILABLE', error.message, { cause: error }));
        else resolve();
      });
    });
  }

  call(method: Method, request: Message, timeoutMs: number | undefined, signal: AbortSignal): Promise<Message> {
    signal.throwIfAborted();
    const [path, requestType, responseType] = methods[method];
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        call.cancel();
        reject(signal.reason);
      };
      const call = this.#client.makeUnaryRequest<Message, Message>(
        path,
        (message) => encodeMessage(requestType, message),
        (bytes) => decodeMessage(responseType, bytes),
        request,
        new Metadata(),
        deadlineAfter(timeoutMs),
        (error, response) => {
          signal.removeEventListener('abort', onAbort);
          if (error) reject(toCriError(error));
          else resolve(response ?? {});
        },
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async *stream(method: Method, request: Message, signal: AbortSignal): AsyncGenerator<Message> {
    signal.throwIfAborted();
    const [path, requestType, responseType] = methods[method];
    const call = this.#client.makeServerStreamRequest<Message, Message>(
      path,
      (message) => encodeMessage(requestType, message),
      (bytes) => decodeMessage(responseType, bytes),
      request,
      {},
    );
    const onAbort = (): void => call.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const message of call) yield message as Message;
    } catch (error) {
      signal.throwIfAborted();
      throw toCriError(error as ServiceError);
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.cancel();
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function deadlineAfter(timeoutMs: number | undefined): { deadline?: number } {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function toCriError(error: ServiceError): unknown {
  if (typeof error.code !== 'number') return error; // Ours: a request that cannot be encoded.
  const code = (grpcStatus[error.code] ?? 'UNKNOWN') as cri.CriCode;
  return new cri.CriError(code, error.details, { cause: error });
}
