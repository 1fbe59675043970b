import type {
  Backend,
  Balance,
  Cors,
  Endpoint,
  Forward,
  HeaderChange,
  Limit,
  Redirect,
  Retry,
  Rule,
  User,
} from '../model.ts';
import { digestOf, type Line, lines } from './line.ts';
import { format, literal, word } from './quote.ts';
import { askText, explainText, mirrorText } from './requests.ts';

/** The section of one backend, and of its users before it. */
export function backendLines(backend: Backend, places: readonly (Endpoint | undefined)[]): readonly Line[] {
  const { id, owner, rules, forward } = backend;
  const users = rules.flatMap((rule) => (rule.do === 'ask-password' ? userList(rule.users) : []));
  // What has to be sent once more, or elsewhere as well, is kept.
  const isKept = rules.some((rule) => rule.do === 'mirror');
  const kept = isKept ? ['  option http-buffer-request'] : [];
  const text = [...users, `backend ${id}`, ...kept, ...rules.flatMap((rule, n) => ruleText(rule, n))];
  if (!forward) return lines(text, owner);
  const options = serverOptions(forward);
  const servers = places.map((endpoint, i) => {
    const slot = `s${i + 1}`;
    return { text: options, owner, server: { backend: id, slot, endpoint } };
  });
  return [...lines([...text, ...forwardText(forward, options)], owner), ...(forward.external ? [] : servers)];
}

const listName = (users: readonly User[]): string => `u${digestOf(JSON.stringify(users))}`;
const userList = (users: readonly User[]): readonly string[] => [
  `userlist ${listName(users)}`,
  ...users.map(({ name, hash }) => `  user ${word(name)} password ${word(hash)}`),
];

/** By what is done, the lines that do it. `n`: the rule's place, for names that must differ. */
function ruleText(rule: Rule, n: number): readonly string[] {
  switch (rule.do) {
    case 'admit':
      return [...sourceList(n, rule.sources), `  http-request deny deny_status 403 if !source${n}`];
    case 'refuse':
      return [...sourceList(n, rule.sources), `  http-request deny deny_status 403 if source${n}`];
    case 'ask-password':
      return [`  http-request auth realm ${word(rule.realm)} if !{ http_auth(${listName(rule.users)}) }`];
    case 'secure':
      return [
        `  http-request redirect location https://%[var(txn.host)]${portText('https', rule.port)}%[pathq] code 308 if !{ ssl_fc }`,
      ];
    case 'limit-body':
      return [
        `  http-request return status 413 content-type text/plain string 'the body is too large' if { req.hdr_val(content-length) gt ${rule.bytes} }`,
      ];
    case 'limit':
      return limitText(rule.limit, n);
    case 'share':
      return corsText(rule.cors, n);
    case 'mirror':
      return mirrorText(rule.to, rule.share, rule.of);
    case 'ask':
      return askText(rule.question);
    case 'explain':
      return explainText(rule.statuses, rule.to, rule.headers);
    case 'redirect':
      return redirectText(rule.to);
    case 'send-to':
      return [
        `  http-request redirect location ${format(rule.location)} code ${rule.status}${
          rule.onlyFrom === undefined ? '' : ` if { path -m str -- ${word(rule.onlyFrom)} }`
        }`,
      ];
    case 'respond':
      return [
        rule.text === undefined
          ? `  http-request return status ${rule.status}`
          : `  http-request return status ${rule.status} content-type text/plain string ${word(rule.text)}`,
      ];
    case 'set-path':
      return [`  http-request set-path ${format(rule.path)}`];
    case 'rewrite-path':
      return [
        `  http-request replace-path ${word(`${rule.ignoreCase ? '(?i)' : ''}${rule.pattern}`)} ${groups(rule.replacement)}`,
      ];
    case 'replace-prefix':
      return [prefixText(rule.prefix, rule.by)];
    case 'set-host':
      return [`  http-request set-header host ${format(rule.host)}`];
    case 'change-request':
      return headerText('http-request', rule.headers);
    case 'change-response':
      return headerText('http-response', rule.headers);
  }
}

/** A line has room for so many words. */
const SOURCES_PER_LINE = 30;

function sourceList(n: number, sources: readonly string[]): readonly string[] {
  const chunks = Array.from({ length: Math.ceil(sources.length / SOURCES_PER_LINE) }, (_, i) =>
    sources.slice(i * SOURCES_PER_LINE, (i + 1) * SOURCES_PER_LINE),
  );
  return chunks.map((chunk) => `  acl source${n} src ${chunk.map(word).join(' ')}`);
}

function limitText({ rate, atOnce, except }: Limit, n: number): readonly string[] {
  const stored = [...(rate ? [`http_req_rate(${rate.seconds}s)`] : []), ...(atOnce === undefined ? [] : ['conn_cur'])];
  const isMeant = except.length === 0 ? '' : ` if !source${n}`;
  const deny = (what: string): string =>
    `  http-request deny deny_status 503 if { ${what} }${isMeant.replace(' if', '')}`;
  return [
    ...sourceList(n, except),
    `  stick-table type ipv6 size 100k expire ${Math.max(10, (rate?.seconds ?? 0) * 2)}s store ${stored.join(',')}`,
    `  http-request track-sc0 src${isMeant}`,
    ...(rate ? [deny(`sc_http_req_rate(0) gt ${rate.requests}`)] : []),
    ...(atOnce === undefined ? [] : [deny(`sc_conn_cur(0) gt ${atOnce}`)]),
  ];
}

const portText = (scheme: string, port: number | undefined): string =>
  port === undefined || port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`;

/** `$1` of people is `\1` of HAProxy's, whose own backslashes would mean something else. */
const groups = (replacement: string): string =>
  format(replacement.replaceAll('\\', '\\\\').replaceAll(/\$\{?(\d)\}?/g, String.raw`\$1`));

function prefixText(prefix: string, by: string): string {
  const [from, to] = [prefix.replace(/\/+$/, ''), by.replace(/\/+$/, '')];
  return to === ''
    ? `  http-request replace-path ${word(`^${literal(from)}/?(.*)$`)} ${word(String.raw`/\1`)}`
    : `  http-request replace-path ${word(`^${literal(from)}(/.*)?$`)} ${format(`${to.replaceAll('\\', '\\\\')}${String.raw`\1`}`)}`;
}

function redirectText({ status, scheme, host, port, path, prefix }: Redirect): readonly string[] {
  const protocol = scheme ?? '%[ssl_fc,iif(https,http)]';
  const name = host === undefined ? '%[var(txn.host)]' : format(host);
  const change =
    path === undefined
      ? []
      : [prefix === undefined ? `  http-request set-path ${format(path)}` : prefixText(prefix, path)];
  return [
    ...change,
    `  http-request redirect location ${protocol}://${name}${portText(scheme ?? '', port)}%[pathq] code ${status}`,
  ];
}

function headerText(when: string, { set, add, remove }: HeaderChange): readonly string[] {
  return [
    ...remove.map((name) => `  ${when} del-header ${word(name)}`),
    ...set.map(({ name, value }) => `  ${when} set-header ${word(name)} ${format(value)}`),
    ...add.map(({ name, value }) => `  ${when} add-header ${word(name)} ${format(value)}`),
  ];
}

function corsText(cors: Cors, n: number): readonly string[] {
  const isEvery = cors.origins.includes('*');
  const origin = isEvery && !cors.withCredentials ? '*' : '%[var(txn.origin)]';
  const is = '{ var(txn.origin) -m found }';
  const set = (name: string, value: string, more = ''): string =>
    `  http-after-response set-header ${name} ${value} if ${is}${more}`;
  // Whether the origin may or not: nobody else answers such a question.
  const preflight = '{ var(txn.preflight) -m bool }';
  const asked = (kind: 'method' | 'headers'): string =>
    `  http-request set-var(txn.asked_${kind}) req.fhdr(access-control-request-${kind})`;
  const allow = (value: string, kind: 'method' | 'headers'): string =>
    value === '*' ? `%[var(txn.asked_${kind})]` : format(value);
  return [
    ...cors.origins.flatMap((one) => (isEvery ? [] : [`  acl origin${n} req.hdr(origin) ${originPattern(one)}`])),
    `  http-request set-var(txn.origin) req.hdr(origin)${isEvery ? '' : ` if origin${n}`}`,
    '  http-request set-var(txn.preflight) bool(true) if METH_OPTIONS { req.hdr(origin) -m found }',
    asked('method'),
    asked('headers'),
    set('Access-Control-Allow-Origin', origin),
    ...(origin === '*' ? [] : [`  http-after-response add-header Vary Origin if ${is}`]),
    ...(cors.withCredentials ? [set('Access-Control-Allow-Credentials', 'true')] : []),
    ...(cors.exposed === '' ? [] : [set('Access-Control-Expose-Headers', format(cors.exposed))]),
    ...(cors.methods === ''
      ? []
      : [set('Access-Control-Allow-Methods', allow(cors.methods, 'method'), ` ${preflight}`)]),
    ...(cors.headers === ''
      ? []
      : [set('Access-Control-Allow-Headers', allow(cors.headers, 'headers'), ` ${preflight}`)]),
    set('Access-Control-Max-Age', String(cors.maxAgeSeconds), ` ${preflight}`),
    `  http-request return status 204 if ${preflight}`,
  ];
}

/** `https://*.example.com` has every name below it. */
const originPattern = (origin: string): string =>
  origin.includes('*')
    ? `-m reg -i -- ${word(`^${origin.split('*').map(literal).join('[^/]+')}$`)}`
    : `-m str -i -- ${word(origin)}`;

function forwardText({ timeouts, affinity, external, retry, balance }: Forward, options: string): readonly string[] {
  return [
    // What may have been done must not be done twice, unless somebody says that it may.
    ...(retry
      ? [`  retries ${retry.attempts}`, `  retry-on ${retriedOn(retry)}`]
      : ['  http-request disable-l7-retry if !METH_GET !{ method HEAD OPTIONS }']),
    ...(timeouts?.connectMs === undefined ? [] : [`  timeout connect ${timeouts.connectMs}ms`]),
    ...(timeouts?.idleMs === undefined
      ? []
      : [`  timeout server ${timeouts.idleMs}ms`, `  timeout tunnel ${timeouts.idleMs}ms`]),
    ...(balance ? [`  balance ${balanceText(balance)}`, '  hash-type consistent'] : []),
    ...(affinity
      ? [
          '  dynamic-cookie-key navarch',
          `  cookie ${word(affinity.cookie)} insert indirect nocache dynamic httponly${affinity.isSecure ? ' secure' : ''}${
            affinity.domain === undefined ? '' : ` domain ${word(affinity.domain)}`
          }${
            affinity.sameSite === undefined ? '' : ` attr ${word(`SameSite=${affinity.sameSite}`)}`
          }${affinity.maxAgeSeconds === undefined ? '' : ` attr ${word(`Max-Age=${affinity.maxAgeSeconds}`)}`}`,
        ]
      : []),
    ...(external
      ? [`  server s1 ${word(`${external.host}:${external.port}`)} resolvers names init-addr none${options}`]
      : []),
  ];
}

function balanceText({ by, name = '' }: Balance): string {
  if (by === 'source') return 'source';
  return by === 'uri' ? 'uri whole' : `hdr(${name})`;
}

const GATEWAY_TIMEOUT = 504;

const retriedOn = ({ statuses }: Retry): string =>
  [
    'conn-failure',
    'empty-response',
    ...(statuses.includes(GATEWAY_TIMEOUT) ? ['response-timeout'] : []),
    ...new Set(statuses),
  ].join(' ');

const PROTOCOLS: Readonly<Record<Forward['protocol'], string>> = {
  http: '',
  https: ' ssl verify none alpn http/1.1',
  h2: ' ssl verify none alpn h2',
  h2c: ' proto h2',
};

const serverOptions = ({ protocol }: Forward): string => PROTOCOLS[protocol];
