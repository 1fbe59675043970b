import { RpcError } from '../../rpc/rpc-error.ts';
import type { PluginInfo, RegistrationStatus } from '../generated/types.ts';
import type { FoundSocket, PluginSockets } from '../ports.ts';

/** The sockets of plugins in memory. */
export class MemorySockets implements PluginSockets {
  /** What was told, in order: path, and the error or `registered`. */
  readonly told: string[] = [];
  readonly #plugins = new Map<string, { readonly identity: string; readonly info: PluginInfo | undefined }>();
  #made = 0;

  /** A plugin makes its socket, anew if it had one. One without an answer does not answer. */
  put(path: string, info?: Partial<PluginInfo>): void {
    this.#made += 1;
    this.#plugins.set(path, {
      identity: String(this.#made),
      info: info && { type: 'CSIPlugin', name: 'a.example.com', endpoint: '', supportedVersions: ['1.0.0'], ...info },
    });
  }

  remove(path: string): void {
    this.#plugins.delete(path);
  }

  async list(dir: string): Promise<readonly FoundSocket[]> {
    return [...this.#plugins]
      .filter(([path]) => path.startsWith(`${dir}/`))
      .map(([path, { identity }]) => ({ path, identity }));
  }

  async info(path: string): Promise<PluginInfo> {
    const info = this.#plugins.get(path)?.info;
    if (!info) throw new RpcError('UNAVAILABLE', 'nobody answers');
    return info;
  }

  async notify(path: string, { pluginRegistered, error }: RegistrationStatus): Promise<void> {
    this.told.push(`${path}: ${pluginRegistered ? 'registered' : error}`);
  }
}
