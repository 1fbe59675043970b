import type { CsiNodeService, CsiSockets } from '@navarch/kubelet';
import { GrpcChannel, type Message } from '../grpc/index.ts';
import { protocol } from './generated/description.ts';

/** As long as upstream's kubelet waits for a driver. */
const CALL_MS = 120_000;

/** Drivers by their sockets on this machine. */
export const nodeCsiSockets: CsiSockets = {
  connect(endpoint) {
    const channel = new GrpcChannel(endpoint.replace(/^unix:(\/\/)?/, ''), protocol);
    const calls = Object.keys(protocol.methods)
      .filter((name) => name.startsWith('node'))
      .map((name) => [
        name,
        (request: Message, signal: AbortSignal) =>
          channel.call(name as keyof typeof protocol.methods, request, CALL_MS, signal),
      ]);
    return Object.freeze({
      ...Object.fromEntries(calls),
      [Symbol.dispose]: () => channel[Symbol.dispose](),
    }) as CsiNodeService; // The shapes follow from the same facts as the types; the codec checks them at each call.
  },
};
