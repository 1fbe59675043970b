/** A plugin as it introduces itself. */
export interface Plugin {
  readonly name: string;
  /** The socket on which it does its work. */
  readonly endpoint: string;
  /** The versions of its protocol that it speaks. */
  readonly versions: readonly string[];
}

/**
 * What the kubelet does with plugins of one kind: drivers of volumes, of claims, device plugins. One plugin may be
 * there twice under a name for a while, on two sockets: an update brings the new one before the old one goes.
 */
export interface PluginKind {
  /** As plugins say it of themselves. */
  readonly type: 'CSIPlugin' | 'DRAPlugin' | 'DevicePlugin';
  /** Throws for a plugin that this kubelet cannot work with; the text is what the plugin is told. */
  check(plugin: Plugin): void;
  /** Throws when the plugin cannot be used; the text is what it is told. */
  begin(plugin: Plugin, signal: AbortSignal): Promise<void>;
  /** The plugin's socket is gone. It may not have been begun with. */
  end(plugin: Plugin): void;
}
