import { homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../user-error.ts';

/** Where one cluster on this machine keeps everything: one folder, so that `down` knows what is its own. */
export interface Layout {
  readonly name: string;
  readonly dir: string;
  readonly store: string;
  readonly pki: string;
  readonly logs: string;
  readonly run: string;
  readonly containerd: string;
  readonly kubelet: string;
  readonly podLogs: string;
  readonly cni: string;
  readonly images: string;
  readonly adminKubeconfig: string;
  readonly state: string;
}

/** Cluster names become folder, context and table names. Throws UserError for one that could not. */
export function layoutOf(name: string, base = defaultBase()): Layout {
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
    throw new UserError(`cluster name ${JSON.stringify(name)} is not valid: use at most 32 lower case letters, digits and dashes`);
  }
  const dir = join(base, name);
  return {
    name,
    dir,
    store: join(dir, 'store'),
    pki: join(dir, 'pki'),
    logs: join(dir, 'logs'),
    run: join(dir, 'run'),
    containerd: join(dir, 'containerd'),
    kubelet: join(dir, 'kubelet'),
    podLogs: join(dir, 'pod-logs'),
    cni: join(dir, 'cni'),
    images: process.env['NAVARCH_IMAGES'] ?? join(base, 'images'),
    adminKubeconfig: join(dir, 'admin.kubeconfig'),
    state: join(dir, 'cluster.json'),
  };
}

function defaultBase(): string {
  const configured = process.env['NAVARCH_HOME'];
  if (configured) return configured;
  return process.getuid?.() === 0 ? '/var/lib/navarch' : join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'navarch');
}
