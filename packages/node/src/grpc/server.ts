import { rm } from 'node:fs/promises';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { RpcError, rpcCodes } from '@navarch/kubelet';
import { MESSAGE_BYTES_MAX } from './channel.ts';
import { Codec, type Message } from './codec.ts';
import type { Protocol } from './description.ts';

/** Answers a call; throws RpcError for a refusal. The signal ends when the caller is gone. */
export type Answer = (request: never, signal: AbortSignal) => Promise<object> | AsyncIterable<object>;

export interface Spoken {
  readonly protocol: Protocol;
  /** By the calls' keys; others are answered UNIMPLEMENTED. */
  readonly answers: Readonly<Record<string, Answer>>;
}

/** Answers calls on a unix socket until it is disposed of, which removes the socket. What was at the path before goes. */
export async function serveGrpc(socketPath: string, spoken: readonly Spoken[]): Promise<AsyncDisposable> {
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  });
  for (const each of spoken) addServices(server, each);
  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  return {
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
      await rm(socketPath, { force: true });
    },
  };
}

function addServices(server: Server, { protocol, answers }: Spoken): void {
  const codec = new Codec(protocol);
  for (const [key, [path, request, response, isStream]] of Object.entries(protocol.methods)) {
    const answer = answers[key];
    if (!answer) continue;
    const decode = (bytes: Buffer): Message => codec.decode(request, bytes);
    const encode = (message: Message): Buffer => codec.encode(response, message);
    if (isStream) server.register(path, streamed(answer), encode, decode, 'serverStream');
    else server.register(path, unary(answer), encode, decode, 'unary');
  }
}

function unary(answer: Answer): handleUnaryCall<Message, Message> {
  return (call, done) => {
    const end = new AbortController();
    call.on('cancelled', () => end.abort());
    void (async () => {
      try {
        done(null, (await answer(call.request as never, end.signal)) as Message);
      } catch (error) {
        done(refusalOf(error));
      }
    })();
  };
}

function streamed(answer: Answer): handleServerStreamingCall<Message, Message> {
  return (call) => {
    const end = new AbortController();
    call.on('cancelled', () => end.abort());
    void (async () => {
      try {
        for await (const message of answer(call.request as never, end.signal) as AsyncIterable<Message>) {
          if (end.signal.aborted) break;
          // A reader that does not read holds the sender up, instead of its memory filling.
          if (!call.write(message)) await new Promise<void>((resolve) => whenRoom(call, end.signal, resolve));
        }
        call.end();
      } catch (error) {
        if (!end.signal.aborted) call.emit('error', refusalOf(error));
      }
    })();
  };
}

function whenRoom(call: ServerWritableStream<Message, Message>, signal: AbortSignal, resolve: () => void): void {
  call.once('drain', resolve);
  signal.addEventListener('abort', resolve, { once: true });
}

const refusalOf = (error: unknown): { readonly code: number; readonly details: string } =>
  error instanceof RpcError
    ? { code: rpcCodes[error.code], details: error.details }
    : { code: rpcCodes.UNKNOWN, details: (error as Error).message };
