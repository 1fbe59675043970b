/** A program that running containers needs, and the Debian package that holds it. */
export interface ProgramRequirement {
  readonly program: string;
  readonly why: string;
  readonly debianPackage: string;
}

export const programs: readonly ProgramRequirement[] = [
  { program: 'containerd', why: 'runs containers', debianPackage: 'containerd' },
  { program: 'containerd-shim-runc-v2', why: 'keeps each pod running by itself', debianPackage: 'containerd' },
  { program: 'ctr', why: 'loads image archives', debianPackage: 'containerd' },
  { program: 'runc', why: 'starts container processes', debianPackage: 'runc' },
  { program: 'nft', why: 'programs Services', debianPackage: 'nftables' },
  { program: 'conntrack', why: 'forgets UDP flows to ended endpoints', debianPackage: 'conntrack' },
  { program: 'iptables', why: 'is what the CNI portmap plugin uses for host ports', debianPackage: 'iptables' },
  { program: 'ip', why: 'makes network namespaces', debianPackage: 'iproute2' },
  { program: 'nsenter', why: 'enters network namespaces', debianPackage: 'util-linux' },
  { program: 'mount', why: 'mounts volumes', debianPackage: 'mount' },
  { program: 'umount', why: 'unmounts volumes', debianPackage: 'mount' },
];

/** CNI plugins in the pod network; they live in a folder of their own, not on PATH. */
export const cniPlugins = ['bridge', 'host-local', 'loopback', 'portmap'] as const;
export const cniPackage = 'containernetworking-plugins';
/** Where Debian and upstream's archives put CNI plugins. */
export const cniFolders = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'] as const;
