import type { ContainerdLayout } from './layout.ts';

export interface ContainerdConfig {
  readonly sandboxImage: string;
  readonly cniBinDir: string;
  readonly snapshotter: 'overlayfs' | 'native';
  /** True where the process may not lower OOM scores (no CAP_SYS_RESOURCE): runc fails on it, and says so badly. */
  readonly restrictOomScoreAdj: boolean;
}

type TomlValue = string | number | boolean | readonly string[];

/** Plugins that nothing here uses; each would make a folder, probe the kernel or write warnings at every start. */
const disabledPlugins = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.internal.v1.tracing',
  'io.containerd.internal.v1.restart',
];

/** The text of containerd's configuration, version 2: read by 1.6 and 1.7, and upgraded by 2.x when it reads it. */
export function containerdToml(layout: ContainerdLayout, config: ContainerdConfig): string {
  const plugin = (name: string, ...rest: readonly string[]): string => ['plugins', `"${name}"`, ...rest].join('.');
  const runtime = 'io.containerd.grpc.v1.cri';
  return [
    table('', { version: 2, root: layout.root, state: layout.state, disabled_plugins: disabledPlugins }),
    table('grpc', { address: layout.socket, max_recv_message_size: 16_777_216, max_send_message_size: 16_777_216 }),
    // runc and the shims stay out of the host's own /run/containerd/runc.
    table(plugin('io.containerd.internal.v1.opt'), { path: `${layout.root}/opt` }),
    table(plugin(runtime), {
      sandbox_image: config.sandboxImage,
      restrict_oom_score_adj: config.restrictOomScoreAdj,
      netns_mounts_under_state_dir: true,
      tolerate_missing_hugetlb_controller: true,
      disable_hugetlb_controller: true,
      // exec, attach and port-forward are served on the loopback of the node's own network namespace.
      stream_server_address: '127.0.0.1',
      stream_server_port: '0',
      // What containerd 2 does by itself: any user in a pod may bind a low port, and ping.
      enable_unprivileged_ports: true,
      enable_unprivileged_icmp: true,
    }),
    table(plugin(runtime, 'cni'), { bin_dir: config.cniBinDir, conf_dir: layout.cniConfDir, max_conf_num: 1 }),
    table(plugin(runtime, 'registry'), { config_path: layout.registries }),
    table(plugin(runtime, 'containerd'), { snapshotter: config.snapshotter, default_runtime_name: 'runc' }),
    table(plugin(runtime, 'containerd', 'runtimes', 'runc'), { runtime_type: 'io.containerd.runc.v2' }),
    // The cgroupfs driver: groups are made by path, with or without a systemd on the host.
    table(plugin(runtime, 'containerd', 'runtimes', 'runc', 'options'), {
      Root: layout.runcRoot,
      SystemdCgroup: false,
    }),
  ].join('\n');
}

/** A registry's `hosts.toml`: where to ask for its images instead, in order. */
export function registryToml(server: string, mirrors: readonly RegistryMirror[]): string {
  return [
    table('', { server }),
    ...mirrors.map((mirror) =>
      table(`host.${JSON.stringify(mirror.url)}`, {
        capabilities: ['pull', 'resolve'],
        skip_verify: mirror.skipVerify ?? false,
      }),
    ),
  ].join('\n');
}

export interface RegistryMirror {
  /** `http://10.0.0.5:5000` */
  readonly url: string;
  /** Accept any certificate. For registries in tests. */
  readonly skipVerify?: boolean;
}

/** JSON's strings and lists of strings are TOML's. */
function table(name: string, values: Readonly<Record<string, TomlValue>>): string {
  const lines = Object.entries(values)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join('');
  return name === '' ? lines : `[${name}]\n${lines}`;
}
