import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@navarch/apiserver';
import { aborted, type Logger, MetricRegistry, TaskGroup } from '@navarch/base';
import { listenHttps } from '@navarch/node/http';
import { folderBytes } from '@navarch/node/metrics';
import { linearPatterns } from '@navarch/node/patterns';
import { Pki } from '@navarch/node/pki';
import { tokenKeysOf } from '@navarch/node/token-keys';
import { SqliteStore } from '@navarch/node/sqlite';
import { systemClock, systemLogger, systemRandom } from '@navarch/node/system';
import { httpsWebhooks } from '@navarch/node/webhooks';
import { parseYaml } from '@navarch/node/yaml';
import { apiSwitches } from '../compose/api-switches.ts';
import { openAudit, type OpenAudit } from '../compose/audit.ts';
import { ownAddress } from '../cluster/own-address.ts';
import { UserError } from '../user-error.ts';
import { STORE_PATH } from './etcd.ts';
import { type Flags, type FlagTable, helpOf, needed, readFlags } from './flags.ts';
import { whileWanted } from './while-wanted.ts';

const TAKEN = 'taken; it is always so here';
const FLAGS: FlagTable = {
  'advertise-address': ['text', 'address that clients in the cluster are told'],
  'allow-privileged': ['switch', TAKEN],
  'anonymous-auth': ['switch', TAKEN],
  'audit-log-compress': ['switch', 'compress audit logs put aside'],
  'audit-log-format': ['text', 'json or legacy'],
  'audit-log-maxage': ['text', 'days that audit logs put aside are kept'],
  'audit-log-maxbackup': ['text', 'how many of them are kept'],
  'audit-log-maxsize': ['text', 'megabytes at which the audit log is put aside'],
  'audit-log-mode': ['text', 'taken; events are written together, soon after they happen'],
  'audit-log-path': ['text', 'where the audit log is written; - for the standard output'],
  'audit-policy-file': ['text', 'which requests are written to it, and how much of them'],
  'authorization-mode': ['list', 'RBAC and Node, which are always on'],
  'bind-address': ['text', 'address to listen on'],
  'cert-dir': ['text', 'folder of apiserver.crt and apiserver.key'],
  'client-ca-file': ['text', 'authority of client certificates'],
  'disable-admission-plugins': ['list', 'plugins that are not asked'],
  'emulated-version': ['list', 'taken; nothing older is emulated'],
  'enable-admission-plugins': ['list', 'taken; upstream\'s default plugins are on'],
  'etcd-prefix': ['text', 'taken; the store is this server\'s own'],
  'etcd-servers': ['list', 'the etcd beside this program'],
  'feature-gates': ['list', 'features that are on or off: Name=true; what this server cannot switch is refused'],
  'max-requests-inflight': ['text', 'taken; the defaults hold'],
  'max-mutating-requests-inflight': ['text', 'taken; the defaults hold'],
  'runtime-config': ['list', 'versions of the API that are served or not: group/version=true, api/beta=true'],
  'secure-port': ['text', 'port to listen on'],
  'service-account-issuer': ['list', 'issuer of service account tokens'],
  'service-account-key-file': ['list', 'certificates or public keys that verify tokens'],
  'service-account-signing-key-file': ['text', 'private key that signs tokens'],
  'service-cluster-ip-range': ['text', 'addresses of services'],
  'service-node-port-range': ['text', 'taken; the default holds'],
  'tls-cert-file': ['text', 'certificate of the server'],
  'tls-private-key-file': ['text', 'its key'],
  v: ['text', 'taken; the log has one level'],
  'watch-cache': ['switch', TAKEN],
};
const ABOUT = 'The API server alone, for tests: no controllers, no scheduler, no nodes. Takes the flags that controller-runtime\'s envtest gives kube-apiserver.';

/** What envtest starts as kube-apiserver. */
export async function runApiServer(args: readonly string[], say: (text: string) => void): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return say(helpOf('kube-apiserver', ABOUT, FLAGS));
  const flags = readFlags(args, FLAGS);
  await whileWanted((signal) => serveUntil(flags, signal));
}

async function serveUntil(flags: Flags, signal: AbortSignal): Promise<void> {
  const log = systemLogger('warn');
  const dir = needed(flags, 'cert-dir');
  const port = Number(needed(flags, 'secure-port'));
  const issuer = needed(flags, 'service-account-issuer');
  const { features, runtimeConfig, flags: switches } = apiSwitches(flags.get('feature-gates'), flags.get('runtime-config'));
  await using made = new AsyncDisposableStack();
  const folder = join(await storeFolder(needed(flags, 'etcd-servers')), 'navarch');
  const store = await SqliteStore.open(folder);
  made.defer(() => store.close());
  const own = await credentials(flags, dir);
  const served = await serve({
    store, clock: systemClock, random: systemRandom(), log, metrics: new MetricRegistry(), issuer,
    tokens: await tokenKeysOf(readPem(needed(flags, 'service-account-signing-key-file'))),
    serviceCidr: flags.get('service-cluster-ip-range')?.[0] ?? '10.0.0.0/24', nodePorts: [30_000, 32_767],
    advertiseAddress: flags.get('advertise-address')?.[0] ?? ownAddress(), advertisePort: port, parseYaml, patterns: linearPatterns,
    webhooks: made.use(httpsWebhooks()), ...auditOf(made, flags, log),
    disabledAdmission: flags.get('disable-admission-plugins') ?? [], features, runtimeConfig, storageBytes: () => folderBytes(folder),
    flags: { ...Object.fromEntries(Array.from(flags, ([name, values]) => [name, values.join(',')])), ...switches },
  }, signal);
  made.use(await listenHttps(served.server, {
    addresses: [flags.get('bind-address')?.[0] ?? '127.0.0.1'], port, ...own, ...clientAuthorityOf(flags),
    // There are no kubelets to ask.
    kubeletClient: { ...own, authority: own.certificate },
  }));
  await using group = new TaskGroup(signal);
  group.spawn((s) => served.housekeep(s));
  await aborted(signal);
}

function auditOf(made: AsyncDisposableStack, flags: Flags, log: Logger): { readonly audit?: OpenAudit } {
  const of = (name: string): string | undefined => flags.get(`audit-${name}`)?.[0];
  const audit = openAudit({
    policyFile: of('policy-file'), path: of('log-path'), format: of('log-format'), maxAge: of('log-maxage'), maxBackup: of('log-maxbackup'), maxSize: of('log-maxsize'),
    isCompressed: of('log-compress') === 'true',
  }, log);
  return audit ? { audit: made.use(audit) } : {};
}

/** Without the flag nobody has an identity by a certificate, as with upstream's. */
function clientAuthorityOf(flags: Flags): { readonly clientAuthority?: string } {
  const file = flags.get('client-ca-file')?.[0];
  return file ? { clientAuthority: readPem(file) } : {};
}

/** The pair that envtest made, or one of our own where there is none. */
async function credentials(flags: Flags, dir: string): Promise<{ readonly certificate: string; readonly key: string }> {
  const [certificate, key] = [flags.get('tls-cert-file')?.[0] ?? join(dir, 'apiserver.crt'), flags.get('tls-private-key-file')?.[0] ?? join(dir, 'apiserver.key')];
  if (existsSync(certificate) && existsSync(key)) return { certificate: readPem(certificate), key: readPem(key) };
  return (await Pki.open(dir, 'apiserver-ca')).identity('apiserver', { commonName: 'kube-apiserver', names: ['localhost'], addresses: ['127.0.0.1'] });
}

async function storeFolder(etcd: string): Promise<string> {
  const answer = await fetch(new URL(STORE_PATH, etcd)).catch((error: unknown) => { throw new UserError(`cannot reach --etcd-servers ${etcd}: ${(error as Error).message}`); });
  const { folder } = await answer.json() as { readonly folder?: string };
  if (!folder) throw new UserError(`--etcd-servers ${etcd} is not the etcd that \`navarch envtest\` wrote: this server keeps its data beside that one`);
  return folder;
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${(error as Error).message}`);
  }
}
