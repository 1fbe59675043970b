import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { dump, load } from 'js-yaml';

/** How to reach a server and as whom. Certificates and keys are PEM texts. */
export interface Access {
  readonly server: string;
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
  readonly isInsecure?: boolean;
}

interface Named {
  readonly name: string;
}
type Entries = readonly (Named & Readonly<Record<string, unknown>>)[];
interface Kubeconfig {
  readonly clusters?: Entries | null;
  readonly users?: Entries | null;
  readonly contexts?: Entries | null;
  readonly 'current-context'?: string;
}

const SECTIONS = ['clusters', 'users', 'contexts'] as const;

/** The file kubectl writes to: the first of KUBECONFIG, else ~/.kube/config. */
export const kubeconfigFile = (): string =>
  process.env['KUBECONFIG']?.split(delimiter).find((file) => file !== '') ?? join(homedir(), '.kube', 'config');

function read(file: string): Kubeconfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`Cannot read the kubeconfig ${file}: ${(error as Error).message}`, { cause: error });
  }
  let value: unknown;
  try {
    value = load(text) ?? {};
  } catch (error) {
    throw new Error(`The kubeconfig ${file} is not valid YAML (${(error as Error).message.split('\n')[0]}); mend or remove it`, { cause: error });
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`The kubeconfig ${file} does not hold a Config object; mend or remove it`);
  return value as Kubeconfig;
}

/** What the current (or the named) context says. Throws one sentence about what is wrong with the file. */
export function loadAccess(file: string, contextName?: string): Access {
  const config = read(file);
  const find = (section: (typeof SECTIONS)[number], name: string | undefined): Readonly<Record<string, unknown>> => {
    const found = config[section]?.find((entry) => entry.name === name);
    if (!found) throw new Error(`The kubeconfig ${file} has no ${section.slice(0, -1)} ${JSON.stringify(name ?? '')}`);
    return (found[section.slice(0, -1)] ?? {}) as Readonly<Record<string, unknown>>;
  };
  const context = find('contexts', contextName ?? config['current-context']);
  const cluster = find('clusters', context['cluster'] as string);
  const user = find('users', context['user'] as string);
  const pem = (from: Readonly<Record<string, unknown>>, name: string): string | undefined => {
    const data = from[`${name}-data`];
    if (typeof data === 'string') return Buffer.from(data, 'base64').toString();
    return typeof from[name] === 'string' ? readFileSync(from[name], 'utf8') : undefined;
  };
  const [authority, certificate, key] = [pem(cluster, 'certificate-authority'), pem(user, 'client-certificate'), pem(user, 'client-key')];
  return {
    server: String(cluster['server']), ...(authority ? { authority } : {}), ...(certificate ? { certificate } : {}), ...(key ? { key } : {}),
    ...(typeof user['token'] === 'string' ? { token: user['token'] } : {}), ...(cluster['insecure-skip-tls-verify'] === true ? { isInsecure: true } : {}),
  };
}

/** Puts the entries of `addition` in place of those of the same names and makes its context the current one. Everything else stays. */
export function mergeKubeconfig(file: string, addition: Kubeconfig): void {
  const config = read(file);
  const merged = { apiVersion: 'v1', kind: 'Config', ...config, 'current-context': addition['current-context'] } as Record<string, unknown>;
  for (const section of SECTIONS) {
    const added = addition[section] ?? [];
    merged[section] = [...(config[section] ?? []).filter((entry) => !added.some((a) => a.name === entry.name)), ...added];
  }
  write(file, merged);
}

/** Takes the context, cluster and user of that name out again. Does nothing when they are not there. */
export function removeFromKubeconfig(file: string, context: string, user: string): void {
  const config = read(file);
  if (!config.contexts?.some((entry) => entry.name === context)) return;
  const left: Record<string, unknown> = { ...config };
  for (const section of SECTIONS) left[section] = (config[section] ?? []).filter((entry) => entry.name !== (section === 'users' ? user : context));
  if (config['current-context'] === context) left['current-context'] = '';
  write(file, left);
}

/** In one step: a reader sees the old file or the new one. */
function write(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, dump(value, { lineWidth: -1 }), { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Error(`Cannot write the kubeconfig ${file}: ${(error as Error).message}`, { cause: error });
  }
}
