import type { PluginInfo, RegistrationStatus } from './generated/types.ts';

/** A socket in the folder where plugins make themselves known. */
export interface FoundSocket {
  readonly path: string;
  /** Another one when the socket was made anew at the same path. */
  readonly identity: string;
}

/** The sockets of plugins on the node. */
export interface PluginSockets {
  /** Those in a folder and the folders below; none where there is no such folder. */
  list(dir: string): Promise<readonly FoundSocket[]>;
  /** Asks a plugin who it is. Throws RpcError. */
  info(path: string, signal: AbortSignal): Promise<PluginInfo>;
  /** Tells it what has become of it. Throws RpcError. */
  notify(path: string, status: RegistrationStatus, signal: AbortSignal): Promise<void>;
}
