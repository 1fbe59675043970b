import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { UserError } from '../user-error.ts';

/** Where one cluster on this machine keeps everything: one folder, so that `down` knows what is its own. */
export interface Layout {
  readonly name: string;
  readonly dir: string;
  readonly store: string;
  readonly pki: string;
  /** What makes this machine a node of a cluster: certificates, keys, the server's address. */
  readonly identity: string;
  readonly logs: string;
  readonly run: string;
  readonly containerd: string;
  readonly images: string;
  readonly adminKubeconfig: string;
  readonly nodeKubeconfig: string;
  readonly state: string;
  /** What the agent made on this machine outside the folder. */
  readonly nodeState: string;
  /** What of a described cluster the node's agent has no flag for. */
  readonly nodeExtras: string;
  /** Held by the `up` and the `down` that are at work. Beside the folder, since `down` removes that. */
  readonly upLock: string;
  readonly downLock: string;
}

/** Counted up when the folder's content changes so that an older program would misread it. */
const FORMAT = 1;
const FORMAT_FILE = 'format.json';

/** Cluster names become folder, context and table names. Throws UserError for one that could not. */
export function layoutOf(name: string, dataDir?: string): Layout {
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
    throw new UserError(
      `cluster name ${JSON.stringify(name)} is not valid: use at most 32 lower case letters, digits and dashes`,
    );
  }
  const base = defaultBase();
  const dir = dataDir === undefined ? join(base, name) : resolve(dataDir);
  return {
    name,
    dir,
    store: join(dir, 'store'),
    pki: join(dir, 'pki'),
    identity: join(dir, 'identity'),
    logs: join(dir, 'logs'),
    run: join(dir, 'run'),
    containerd: join(dir, 'containerd'),
    images: process.env['NAVARCH_IMAGES'] ?? join(base, 'images'),
    adminKubeconfig: join(dir, 'admin.kubeconfig'),
    nodeKubeconfig: join(dir, 'node.kubeconfig'),
    state: join(dir, 'cluster.json'),
    nodeState: join(dir, 'node.json'),
    nodeExtras: join(dir, 'node-extras.json'),
    upLock: `${dir}.up.lock`,
    downLock: `${dir}.down.lock`,
  };
}

/** Names of the clusters that are kept where clusters are, in alphabetical order. */
export function clustersHere(): readonly string[] {
  const base = defaultBase();
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .filter((name) => existsSync(join(base, name, FORMAT_FILE)))
    .sort();
}

/** Makes the folder, or checks that this program understands what is in it. */
export function openFolder({ dir }: Layout): void {
  const file = join(dir, FORMAT_FILE);
  const found = existsSync(file) ? formatIn(readFileSync(file, 'utf8')) : undefined;
  if (found !== undefined && found > FORMAT) {
    throw new UserError(
      `${dir} was written by a newer Navarch (format ${found}; this one knows ${FORMAT}): use that version, or run its \`navarch down\``,
    );
  }
  if (found === FORMAT) return;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify({ format: FORMAT })}\n`);
}

/** Half a file is none: the folder had just been made. */
function formatIn(text: string): number | undefined {
  try {
    const { format } = JSON.parse(text) as { readonly format?: unknown };
    return typeof format === 'number' ? format : undefined;
  } catch {
    return undefined;
  }
}

/** The folders of ours that lead to this one, itself the last: from where clusters are kept, if it is there. */
export function foldersTo(dir: string): readonly string[] {
  const base = defaultBase();
  const inside = relative(base, dir);
  if (inside === '' || inside.startsWith('..')) return [dir];
  const names = inside.split('/');
  return [base, ...names.map((_, i) => join(base, ...names.slice(0, i + 1)))];
}

function defaultBase(): string {
  const configured = process.env['NAVARCH_HOME'];
  if (configured) return resolve(configured); // Daemons run in another folder than this command.
  return process.getuid?.() === 0
    ? '/var/lib/navarch'
    : join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'navarch');
}
