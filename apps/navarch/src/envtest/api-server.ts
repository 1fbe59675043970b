import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_BYTES_MAX, serve, type ServeOptions } from '@navarch/apiserver';
import { aborted, type Logger, MetricRegistry, TaskGroup } from '@navarch/base';
import { listenHttps, type ListenOptions } from '@navarch/node/http';
import { folderBytes } from '@navarch/node/metrics';
import { linearPatterns } from '@navarch/node/patterns';
import { Pki } from '@navarch/node/pki';
import { tokenKeysOf } from '@navarch/node/token-keys';
import { SqliteStore } from '@navarch/node/sqlite';
import { systemClock, systemLogger, systemRandom } from '@navarch/node/system';
import { httpsWebhooks } from '@navarch/node/webhooks';
import { parseYaml } from '@navarch/node/yaml';
import { admissionPlugins } from '../compose/admission-plugins.ts';
import { apiSwitches } from '../compose/api-switches.ts';
import { openAudit, type OpenAudit } from '../compose/audit.ts';
import { DEFAULTS, portRangeOf } from '../cluster/flags.ts';
import { KUBERNETES_VERSION } from '../version.ts';
import { advertisedAddress } from './advertised.ts';
import { API_SERVER_FLAGS } from './api-server-flags.ts';
import { cipherSuitesOf } from './cipher-suites.ts';
import { asksHelp, asksVersion, type Flags, helpOf, needed, readFlags } from './flags.ts';
import { storeFolder, storePlace } from './store-place.ts';
import { readText } from './read-text.ts';
import { readTokenFile } from './token-file.ts';
import { tuningOf } from './tuning.ts';
import { whileWanted } from './while-wanted.ts';

const ABOUT =
  "The API server alone, for tests: no controllers, no scheduler, no nodes. Takes the flags that controller-runtime's envtest gives kube-apiserver.";

/** What envtest starts as kube-apiserver. */
export async function runApiServer(args: readonly string[], say: (text: string) => void): Promise<void> {
  if (asksHelp(args)) return say(helpOf('kube-apiserver', ABOUT, API_SERVER_FLAGS));
  if (asksVersion(args)) return say(`Kubernetes ${KUBERNETES_VERSION}\n`);
  const flags = readFlags(args, API_SERVER_FLAGS);
  await whileWanted((signal) => serveUntil(flags, signal));
}

async function serveUntil(flags: Flags, signal: AbortSignal): Promise<void> {
  const log = systemLogger('warn');
  const dir = needed(flags, 'cert-dir');
  const port = Number(needed(flags, 'secure-port'));
  const tuning = tuningOf(flags);
  const issuer = needed(flags, 'service-account-issuer');
  const {
    features,
    runtimeConfig,
    flags: switches,
  } = apiSwitches(flags.get('feature-gates'), flags.get('runtime-config'));
  const admission = admissionPlugins(
    flags.get('enable-admission-plugins') ?? [],
    flags.get('disable-admission-plugins') ?? [],
  );
  await using made = new AsyncDisposableStack();
  const place = await storePlace(needed(flags, 'etcd-servers'), { clock: systemClock, log, signal });
  const folder = storeFolder(place, flags.get('etcd-prefix')?.[0]);
  const store = await SqliteStore.open(folder, place);
  made.defer(() => store.close());
  const own = await credentials(flags, dir);
  const served = await serve(
    {
      store,
      clock: systemClock,
      random: systemRandom(),
      log,
      metrics: new MetricRegistry(),
      issuer,
      tokens: await tokenKeysOf(
        readText(needed(flags, 'service-account-signing-key-file')),
        (flags.get('service-account-key-file') ?? []).map(readText),
      ),
      ...authenticationOf(flags),
      serviceCidr: flags.get('service-cluster-ip-range')?.[0] ?? '10.0.0.0/24',
      nodePorts: portRangeOf(
        '--service-node-port-range',
        flags.get('service-node-port-range')?.[0] ?? DEFAULTS.nodePorts,
      ),
      advertiseAddress: advertisedAddress(flags),
      advertisePort: port,
      parseYaml,
      patterns: linearPatterns,
      webhooks: made.use(httpsWebhooks()),
      ...auditOf(made, flags, log),
      ...admission,
      features,
      runtimeConfig,
      tuning,
      storageBytes: () => folderBytes(folder),
      flags: { ...Object.fromEntries(Array.from(flags, ([name, values]) => [name, values.join(',')])), ...switches },
    },
    signal,
  );
  made.use(
    await listenHttps(served.server, {
      addresses: [flags.get('bind-address')?.[0] ?? '127.0.0.1'],
      port,
      ...own,
      ...clientAuthorityOf(flags),
      ...transportOf(flags),
      // There are no kubelets to ask.
      kubeletClient: { ...own, authority: own.certificate },
    }),
  );
  await using group = new TaskGroup(signal);
  group.spawn((s) => served.housekeep(s));
  await aborted(signal);
}

/** Who is let in besides those with certificates and the tokens of service accounts. */
function authenticationOf(flags: Flags): Pick<ServeOptions, 'staticTokens' | 'audiences' | 'admitsAnonymous'> {
  const [file, audiences] = [flags.get('token-auth-file')?.[0], flags.get('api-audiences')];
  return {
    admitsAnonymous: flags.get('anonymous-auth')?.[0] !== 'false',
    ...(audiences ? { audiences } : {}),
    ...(file ? { staticTokens: readTokenFile(file, readText(file)) } : {}),
  };
}

function auditOf(made: AsyncDisposableStack, flags: Flags, log: Logger): { readonly audit?: OpenAudit } {
  const of = (name: string): string | undefined => flags.get(`audit-${name}`)?.[0];
  const audit = openAudit(
    {
      policyFile: of('policy-file'),
      path: of('log-path'),
      format: of('log-format'),
      maxAge: of('log-maxage'),
      maxBackup: of('log-maxbackup'),
      maxSize: of('log-maxsize'),
      isCompressed: of('log-compress') === 'true',
      eventBytesMax:
        of('log-truncate-enabled') === 'true'
          ? Number(of('log-truncate-max-event-size') ?? EVENT_BYTES_MAX)
          : undefined,
    },
    log,
  );
  return audit ? { audit: made.use(audit) } : {};
}

/** How the port speaks. */
function transportOf(
  flags: Flags,
): Pick<ListenOptions, 'speaksHttp2' | 'streamsMax' | 'tlsMin' | 'ciphers' | 'sharesPort'> {
  const suites = flags.get('tls-cipher-suites');
  const streamsMax = Number(flags.get('http2-max-streams-per-connection')?.[0] ?? 0);
  return {
    speaksHttp2: flags.get('disable-http2-serving')?.[0] !== 'true',
    ...(streamsMax > 0 ? { streamsMax } : {}),
    ...(flags.get('tls-min-version')?.[0] === 'VersionTLS13' ? { tlsMin: 'TLSv1.3' } : {}),
    ...(suites ? { ciphers: cipherSuitesOf(suites) } : {}),
    sharesPort: flags.get('permit-port-sharing')?.[0] === 'true',
  };
}

/** Without the flag nobody has an identity by a certificate, as with upstream's. */
function clientAuthorityOf(flags: Flags): { readonly clientAuthority?: string } {
  const file = flags.get('client-ca-file')?.[0];
  return file ? { clientAuthority: readText(file) } : {};
}

/** The pair that envtest made, or one of our own where there is none. */
async function credentials(flags: Flags, dir: string): Promise<{ readonly certificate: string; readonly key: string }> {
  const [certificate, key] = [
    flags.get('tls-cert-file')?.[0] ?? join(dir, 'apiserver.crt'),
    flags.get('tls-private-key-file')?.[0] ?? join(dir, 'apiserver.key'),
  ];
  if (existsSync(certificate) && existsSync(key)) return { certificate: readText(certificate), key: readText(key) };
  return (await Pki.open(dir, 'apiserver-ca')).identity('apiserver', {
    commonName: 'kube-apiserver',
    names: ['localhost'],
    addresses: ['127.0.0.1'],
  });
}
