import type { Node } from './generated/types.ts';

/** A driver's node service, by its socket. Every refusal is an RpcError; a call has upstream's two minutes. */
export interface CsiNodeService extends Node, Disposable {}

export interface CsiSockets {
  connect(endpoint: string): CsiNodeService;
}
