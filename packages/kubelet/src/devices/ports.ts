import type { DevicePlugin, RegisterRequest } from './generated/types.ts';

/** Device plugins on the node, over their sockets. */
export interface DevicePluginSockets {
  /** Connects to a plugin. Throws RpcError when nobody answers there; its calls are bounded as upstream's are. */
  connect(path: string): Promise<DevicePlugin & Disposable>;
  /**
   * Listens where plugins register. What else is a socket in that folder is removed first: plugins that watch it see
   * that the kubelet is a new one, and register again. `register` throws what the plugin is told.
   */
  listen(path: string, register: (request: RegisterRequest) => Promise<void>): Promise<AsyncDisposable>;
}
