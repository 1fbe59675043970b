import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { dump, load } from 'js-yaml';
import { changeFile } from './locked-file.ts';

/** How to reach a server and as whom. Certificates and keys are PEM texts. */
export interface Access {
  readonly server: string;
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
  readonly isInsecure?: boolean;
  /** The name that the server's certificate must carry, where it is not that of its address. */
  readonly serverName?: string;
}

type Entry = { readonly name: string } & Readonly<Record<string, unknown>>;
type Entries = readonly Entry[];
interface Kubeconfig {
  readonly clusters?: Entries | null;
  readonly users?: Entries | null;
  readonly contexts?: Entries | null;
  readonly 'current-context'?: string;
}

const SECTIONS = ['clusters', 'users', 'contexts'] as const;

/**
 * Where a new context is written: the first file of KUBECONFIG that exists, the last where none does (as kind has it);
 * ~/.kube/config without that variable.
 */
export function kubeconfigFile(): string {
  const files = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  return files.find((file) => existsSync(file)) ?? files.at(-1) ?? join(homedir(), '.kube', 'config');
}

function read(file: string): Kubeconfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`Cannot read the kubeconfig ${file}: ${(error as Error).message}`, { cause: error });
  }
  // As kubectl has it: an empty file is an empty configuration.
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = load(text) ?? {};
  } catch (error) {
    throw new Error(
      `The kubeconfig ${file} is not valid YAML (${(error as Error).message.split('\n')[0]}); mend or remove it`,
      { cause: error },
    );
  }
  if (typeof value !== 'object' || Array.isArray(value))
    throw new Error(`The kubeconfig ${file} does not hold a Config object; mend or remove it`);
  return value as Kubeconfig;
}

/** What the current (or the named) context says. Throws one sentence about what is wrong with the file. */
export function loadAccess(file: string, contextName?: string): Access {
  const config = read(file);
  const find = (section: (typeof SECTIONS)[number], name: string | undefined): Readonly<Record<string, unknown>> => {
    const found = config[section]?.find((entry) => entry.name === name);
    if (!found && section === 'contexts' && !name)
      throw new Error(
        `The kubeconfig ${file} has no current context: name one, or set it with \`kubectl config use-context\``,
      );
    if (!found) throw new Error(`The kubeconfig ${file} has no ${section.slice(0, -1)} ${JSON.stringify(name ?? '')}`);
    return (found[section.slice(0, -1)] ?? {}) as Readonly<Record<string, unknown>>;
  };
  const context = find('contexts', contextName ?? config['current-context']);
  const cluster = find('clusters', context['cluster'] as string);
  const user = find('users', context['user'] as string);
  if (user['exec'] || user['auth-provider'])
    throw new Error(
      `The kubeconfig ${file} gets its credentials from another program (exec), which is not supported: use a certificate or a token`,
    );
  if (typeof cluster['server'] !== 'string' || !URL.canParse(cluster['server']))
    throw new Error(`The kubeconfig ${file} has no valid server address: ${JSON.stringify(cluster['server'] ?? '')}`);
  const authority = credential(file, cluster, 'certificate-authority');
  const certificate = credential(file, user, 'client-certificate');
  const key = credential(file, user, 'client-key');
  const token =
    typeof user['token'] === 'string'
      ? user['token']
      : typeof user['tokenFile'] === 'string'
        ? readBeside(file, user['tokenFile']).trim()
        : undefined;
  return {
    server: cluster['server'],
    ...(authority ? { authority } : {}),
    ...(certificate ? { certificate } : {}),
    ...(key ? { key } : {}),
    ...(token ? { token } : {}),
    ...(cluster['insecure-skip-tls-verify'] === true ? { isInsecure: true } : {}),
    ...(typeof cluster['tls-server-name'] === 'string' ? { serverName: cluster['tls-server-name'] } : {}),
  };
}

/** PEM, from within or from a file that is named relative to the kubeconfig. */
function credential(file: string, from: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const data = from[`${name}-data`];
  if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64').toString();
  return typeof from[name] === 'string' && from[name] !== '' ? readBeside(file, from[name]) : undefined;
}

function readBeside(file: string, path: string): string {
  const whole = resolve(dirname(file), path);
  try {
    return readFileSync(whole, 'utf8');
  } catch (error) {
    throw new Error(`The kubeconfig ${file} names ${whole}, which cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Puts the entries of `addition` in place of those of the same names and makes its context the current one. Everything
 * else stays, and so does the namespace that people chose for the context.
 */
export function mergeKubeconfig(file: string, addition: Kubeconfig): void {
  change(file, (config) => {
    const merged = {
      apiVersion: 'v1',
      kind: 'Config',
      ...config,
      'current-context': addition['current-context'],
    } as Record<string, unknown>;
    for (const section of SECTIONS) {
      const before = config[section] ?? [];
      const added = addition[section] ?? [];
      merged[section] = [
        ...before.filter((entry) => !added.some((a) => a.name === entry.name)),
        ...added.map((a) =>
          withNamespace(
            a,
            before.find((entry) => entry.name === a.name),
          ),
        ),
      ];
    }
    return merged;
  });
}

function withNamespace(entry: Entry, before: Entry | undefined): Entry {
  const { namespace } = (before?.['context'] ?? {}) as { readonly namespace?: unknown };
  return namespace === undefined ? entry : { ...entry, context: { ...(entry['context'] as object), namespace } };
}

/** Takes the context, cluster and user of that name out again. Does nothing when they are not there. */
export function removeFromKubeconfig(file: string, context: string, user: string): void {
  if (!read(file).contexts?.some((entry) => entry.name === context)) return;
  change(file, (config) => {
    const left: Record<string, unknown> = { ...config };
    for (const section of SECTIONS)
      left[section] = (config[section] ?? []).filter((entry) => entry.name !== (section === 'users' ? user : context));
    if (config['current-context'] === context) left['current-context'] = '';
    return left;
  });
}

/** Says in one sentence what would keep a context from being written, before anything is begun for which one is needed. */
export function checkKubeconfig(file: string): void {
  read(file);
  const target = nearest(file);
  try {
    accessSync(target, constants.W_OK);
  } catch (error) {
    const what =
      (error as NodeJS.ErrnoException).code === 'EROFS' ? 'its file system is read-only' : 'permission denied';
    throw new Error(`Cannot write the kubeconfig ${file}: ${what} for ${target}; set KUBECONFIG to another file`, {
      cause: error,
    });
  }
}

/** The file itself, or the folder that it would be made in. */
const nearest = (path: string): string => (existsSync(path) ? path : nearest(dirname(path)));

function change(file: string, make: (config: Kubeconfig) => unknown): void {
  // Read under the lock: what another program wrote meanwhile is kept. A file that cannot be read is not written.
  changeFile(file, 'kubeconfig', () => dump(make(read(file)), { lineWidth: -1 }));
}
