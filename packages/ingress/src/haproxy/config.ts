import type { EngineSettings } from './settings.ts';
import type { Backend, Site } from '../model.ts';
import { backendLines } from './backend.ts';
import { frontend } from './frontend.ts';
import {
  addressOf,
  certificateFile,
  DEFAULT_CERTIFICATE,
  digestOf,
  isCertificate,
  type Line,
  lines,
  NOBODY,
  NOTHING,
} from './line.ts';
import { scriptsOf } from './scripts.ts';
import type { Slots } from './slots.ts';

export interface EngineConfig {
  readonly lines: readonly Line[];
  /** What the lines refer to, by names relative to them: maps and certificates. */
  readonly files: ReadonlyMap<string, string>;
}

/** Says which configuration a process works by. */
export const GENERATION = 'NAVARCH_GENERATION';

/** HAProxy's configuration (2.6 and later) that does what the site says. */
export function haproxyConfig(site: Site, slots: Slots, settings: EngineSettings): EngineConfig {
  const files = new Map([[DEFAULT_CERTIFICATE, settings.defaultCertificate]]);
  const fronts = site.entrances.map((entrance, n) => frontend(entrance, n));
  for (const front of fronts) for (const [name, text] of front.files) files.set(name, text);
  for (const certificate of site.entrances.flatMap(({ certificates }) => certificates))
    files.set(certificateFile(certificate.id), certificate.pem);
  const scripts = scriptsOf(site, settings);
  for (const [name, text] of scripts.files) files.set(name, text);
  const usesNames = site.backends.some(({ forward }) => forward?.external !== undefined);
  return {
    files,
    lines: [
      ...lines([...globalText(settings), ...scripts.global, ...defaultsText()]),
      ...(usesNames ? lines(['resolvers names', '  parse-resolv-conf', '  hold valid 10s']) : []),
      ...fronts.flatMap((front) => front.lines),
      ...lines(scripts.sections),
      ...lines([
        `backend ${NOBODY}`,
        "  http-request return status 404 content-type text/plain string 'default backend - 404'",
        `backend ${NOTHING}`,
        '  http-request return status 503 content-type text/plain string "no service is behind this path"',
      ]),
      ...site.backends.flatMap((backend: Backend) => backendLines(backend, slots.get(backend.id) ?? [])),
    ],
  };
}

function globalText({ socket, user, filesMax }: EngineSettings): readonly string[] {
  return [
    'global',
    '  default-path config',
    ...(user ? [`  user ${user.name}`, `  group ${user.group}`] : []),
    `  fd-hard-limit ${filesMax}`,
    `  stats socket ${socket} mode 600 level admin expose-fd listeners`,
    // What was accepted before a change is answered by the process before it, for as long as this.
    '  hard-stop-after 1h',
    '  ssl-default-bind-options ssl-min-ver TLSv1.2',
    '  ssl-server-verify none',
    '  tune.ssl.default-dh-param 2048',
  ];
}

function defaultsText(): readonly string[] {
  return [
    'defaults',
    '  mode http',
    '  timeout connect 5s',
    '  timeout client 60s',
    '  timeout server 60s',
    '  timeout tunnel 1h',
    '  timeout http-request 30s',
    '  timeout http-keep-alive 75s',
    '  timeout client-fin 30s',
    // Of many endpoints most may go at once: as many are asked.
    '  retries 10',
    // An endpoint that does not take the connection has ended: another one is asked at once.
    '  option redispatch 1',
    '  retry-on conn-failure empty-response',
    // A connection that waits for its next request is not shut in the client's face when the configuration changes.
    '  option idle-close-on-response',
    '  balance roundrobin',
  ];
}

/** The text of a file. */
export const textOf = (config: EngineConfig, generation: string): string =>
  `${config.lines.map(render).toSpliced(1, 0, `  setenv ${GENERATION} ${generation}`).join('\n')}\n`;

function render({ text, server }: Line): string {
  if (!server) return text;
  const { endpoint } = server;
  const head = `  server ${server.slot} ${endpoint ? addressOf(endpoint) : '127.0.0.1:1 disabled'}`;
  return `${head}${text}`;
}

/** The same for two configurations that differ in nothing but who is in which place, and what certificates say. */
export function structureOf({ lines: all, files }: EngineConfig): string {
  const named = [...files].map(([name, text]) => [name, isCertificate(name) ? '' : text]);
  return digestOf(JSON.stringify([all.map((line) => [line.text, line.server?.slot]), named.sort()]));
}
