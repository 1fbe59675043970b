import { Client, credentials, Metadata, type ServiceError, status as grpcStatus } from '@grpc/grpc-js';
import { type RpcCode, RpcError } from '@navarch/kubelet';
import { Codec, type Message } from './codec.ts';
import type { Methods, Protocol } from './description.ts';

/** Upstream's kubelet and containerd agree on 16 MiB a message. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** One connection to a socket. Reconnects by itself; calls made meanwhile fail with UNAVAILABLE. */
export class GrpcChannel<M extends Methods> implements Disposable {
  readonly #client: Client;
  readonly #protocol: Protocol<M>;
  readonly #codec: Codec;

  constructor(socketPath: string, protocol: Protocol<M>) {
    this.#protocol = protocol;
    this.#codec = new Codec(protocol);
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 3000,
      // Two nodes in one process have two sockets, and never share a connection.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** Waits until the other side accepts connections. Throws RpcError UNAVAILABLE after `timeoutMs`. */
  ready(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + timeoutMs, (error) => {
        if (error) reject(new RpcError('UNAVAILABLE', error.message, { cause: error }));
        else resolve();
      });
    });
  }

  call(
    method: keyof M & string,
    request: Message,
    timeoutMs: number | undefined,
    signal: AbortSignal,
  ): Promise<Message> {
    signal.throwIfAborted();
    const [path, requestType, responseType] = this.#described(method);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        call.cancel();
        reject(signal.reason);
      };
      const call = this.#client.makeUnaryRequest<Message, Message>(
        path,
        (message) => this.#codec.encode(requestType, message),
        (bytes) => this.#codec.decode(responseType, bytes),
        request,
        new Metadata(),
        deadlineAfter(timeoutMs),
        (error, response) => {
          signal.removeEventListener('abort', onAbort);
          if (error) reject(toRpcError(error));
          else resolve(response ?? {});
        },
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async *stream(method: keyof M & string, request: Message, signal: AbortSignal): AsyncGenerator<Message> {
    signal.throwIfAborted();
    const [path, requestType, responseType] = this.#described(method);
    const call = this.#client.makeServerStreamRequest<Message, Message>(
      path,
      (message) => this.#codec.encode(requestType, message),
      (bytes) => this.#codec.decode(responseType, bytes),
      request,
      {},
    );
    const onAbort = (): void => call.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const message of call) yield message as Message;
    } catch (error) {
      signal.throwIfAborted();
      throw toRpcError(error as ServiceError);
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.cancel();
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #described(method: keyof M & string): Methods[string] {
    const found = this.#protocol.methods[method];
    if (!found) throw new TypeError(`the protocol has no call ${method}`);
    return found;
  }
}

function deadlineAfter(timeoutMs: number | undefined): { deadline?: number } {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

/** Waiting for too long is told to people, in events: in the words that they know, not with addresses and fractions. */
const spoken = (code: RpcCode, details: string): string =>
  code === 'DEADLINE_EXCEEDED' && details.startsWith('Deadline exceeded') ? 'context deadline exceeded' : details;

function toRpcError(error: ServiceError): unknown {
  if (typeof error.code !== 'number') return error; // Ours: a request that cannot be encoded.
  const code = (grpcStatus[error.code] ?? 'UNKNOWN') as RpcCode;
  return new RpcError(code, spoken(code, error.details), { cause: error });
}
