import type { Ingress } from '@navarch/api';
import type { Balance, Problem } from '../model.ts';
import { readUrl, type Url } from './url.ts';

const PREFIX = 'nginx.ingress.kubernetes.io/';

/** What an annotation may say; a sentence: what it must be, where it is something else. */
type Reader<T> = (text: string) => { readonly value: T } | string;

const text: Reader<string> = (value) => ({ value });
const flag: Reader<boolean> = (value) =>
  value === 'true' || value === 'false' ? { value: value === 'true' } : 'true or false';
const count: Reader<number> = (value) => (/^\d{1,9}$/.test(value) ? { value: Number(value) } : 'a number');
/** Seconds, as nginx takes them: with an `s` or without. */
const seconds: Reader<number> = (value) =>
  /^\d{1,7}s?$/.test(value) ? { value: Number.parseInt(value, 10) } : 'a number of seconds';
const list: Reader<readonly string[]> = (value) => ({
  value: value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
});
const ADDRESS = /^[\da-fA-F.:]+(?:\/\d{1,3})?$/;
const ranges: Reader<readonly string[]> = (value) => {
  const found = (list(value) as { readonly value: readonly string[] }).value;
  return found.every((one) => ADDRESS.test(one)) ? { value: found } : 'addresses or CIDRs, commas apart';
};
const HOST = /^(?:\*\.)?[a-z\d](?:[-a-z\d.]*[a-z\d])?$/i;
const hosts: Reader<readonly string[]> = (value) => {
  const found = (list(value) as { readonly value: readonly string[] }).value;
  return found.every((one) => HOST.test(one)) ? { value: found } : 'host names, commas apart';
};
/** What can be a header's or a cookie's name in every engine. */
const name: Reader<string> = (value) =>
  /^[\w.-]{1,100}$/.test(value) ? { value } : 'a name of letters, digits, dashes, dots and underscores';
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const size: Reader<number> = (value) => {
  const [, digits = '', unit = ''] = /^(\d{1,9})([kmg]?)$/i.exec(value) ?? [];
  return digits === '' ? 'a size such as 8m' : { value: Number(digits) * (UNITS[unit.toLowerCase()] ?? 1) };
};
const oneOf =
  <const C extends string>(...choices: readonly C[]): Reader<C> =>
  (value) => {
    const found = choices.find((choice) => choice.toLowerCase() === value.toLowerCase());
    return found === undefined ? choices.join(', ') : { value: found };
  };
const status: Reader<number> = (value) =>
  /^3\d\d$/.test(value) ? { value: Number(value) } : 'a status from 300 to 399';
const location: Reader<string> = (value) => (/^(?:https?:\/\/|\/)\S*$/i.test(value) ? { value } : 'a URL');
/** Somewhere that is asked: nothing in it may depend on the request. */
const url: Reader<Url> = (value) => {
  const found = readUrl(value);
  return found ? { value: found } : 'a URL of http or https without variables';
};
/** The place of the request itself may stand behind the host. */
const target: Reader<Url> = (value) => {
  const found = readUrl(value.replace(/\/?\$request_uri$/, ''));
  return found?.path === '/' ? { value: found } : 'a URL without a path';
};
const variables = ['host', 'http_host', 'scheme', 'request_uri', 'escaped_request_uri'];
/** A URL in which the request's own parts may stand. */
const place: Reader<string> = (value) => {
  const unknown = [...value.matchAll(/\$(\w*)/g)].find(([, name = '']) => !variables.includes(name));
  return /^https?:\/\/\S+$/i.test(value) && !unknown
    ? { value }
    : `a URL, with no variables but $${variables.join(', $')}`;
};
const names: Reader<readonly string[]> = (value) => {
  const found = (list(value) as { readonly value: readonly string[] }).value;
  return found.every((one) => /^[\w-]{1,100}$/.test(one)) ? { value: found } : 'names of headers, commas apart';
};
const statuses: Reader<readonly number[]> = (value) => {
  const found = (list(value) as { readonly value: readonly string[] }).value;
  return found.every((one) => /^[45]\d\d$/.test(one))
    ? { value: found.map(Number) }
    : 'statuses from 400 to 599, commas apart';
};
const HASHED = /^\$(?:(request_uri|remote_addr|binary_remote_addr|host)|(?:http|cookie)_(\w+))$/;
/** What requests have in common that go to the same endpoint. */
const hashed: Reader<Balance> = (value) => {
  const [, variable, name] = HASHED.exec(value) ?? [];
  if (variable === 'request_uri') return { value: { by: 'uri' } };
  if (variable === 'host') return { value: { by: 'header', name: 'host' } };
  if (variable !== undefined) return { value: { by: 'source' } };
  if (name !== undefined && value.startsWith('$http_'))
    return { value: { by: 'header', name: name.replaceAll('_', '-') } };
  return '$request_uri, $remote_addr, $host or $http_ with the name of a header';
};
const path: Reader<string> = (value) => (/^\/\S*$/.test(value) ? { value } : 'an absolute path');

/** The annotations of ingress-nginx that mean the same here. */
const READERS = {
  'rewrite-target': path,
  'use-regex': flag,
  'ssl-redirect': flag,
  'force-ssl-redirect': flag,
  'proxy-body-size': size,
  'proxy-connect-timeout': seconds,
  'proxy-read-timeout': seconds,
  'proxy-send-timeout': seconds,
  'backend-protocol': oneOf('HTTP', 'HTTPS', 'GRPC', 'GRPCS', 'AUTO_HTTP'),
  affinity: oneOf('cookie'),
  'session-cookie-name': name,
  'session-cookie-max-age': count,
  'session-cookie-expires': count,
  'session-cookie-secure': flag,
  'session-cookie-samesite': oneOf('None', 'Lax', 'Strict'),
  'whitelist-source-range': ranges,
  'allowlist-source-range': ranges,
  'denylist-source-range': ranges,
  'permanent-redirect': location,
  'permanent-redirect-code': status,
  'temporal-redirect': location,
  'temporal-redirect-code': status,
  'app-root': path,
  'enable-cors': flag,
  'cors-allow-origin': list,
  'cors-allow-methods': text,
  'cors-allow-headers': text,
  'cors-expose-headers': text,
  'cors-allow-credentials': flag,
  'cors-max-age': count,
  'auth-type': oneOf('basic'),
  'auth-secret': text,
  'auth-secret-type': oneOf('auth-file', 'auth-map'),
  'auth-realm': text,
  canary: flag,
  'canary-weight': count,
  'canary-weight-total': count,
  'canary-by-header': name,
  'canary-by-header-value': text,
  'canary-by-header-pattern': text,
  'canary-by-cookie': name,
  'default-backend': text,
  'server-alias': hosts,
  'limit-rps': count,
  'limit-rpm': count,
  'limit-connections': count,
  'limit-whitelist': ranges,
  'auth-url': url,
  'auth-method': oneOf('GET', 'HEAD', 'POST'),
  'auth-signin': place,
  'auth-signin-redirect-param': name,
  'auth-response-headers': names,
  'custom-http-errors': statuses,
  'from-to-www-redirect': flag,
  'upstream-hash-by': hashed,
  'mirror-target': target,
  'session-cookie-domain': name,
  'limit-burst-multiplier': count,
  'upstream-vhost': text,
  'x-forwarded-prefix': text,
} as const satisfies Readonly<Record<string, Reader<unknown>>>;

/** They say how nginx goes about it; here it is so, or is of no consequence. */
const OF_NO_CONSEQUENCE: ReadonlySet<string> = new Set([
  'proxy-buffering',
  'proxy-buffer-size',
  'proxy-buffers-number',
  'proxy-busy-buffers-size',
  'proxy-max-temp-file-size',
  'proxy-request-buffering',
  'proxy-http-version',
  'proxy-next-upstream',
  'proxy-next-upstream-timeout',
  'proxy-next-upstream-tries',
  'client-body-buffer-size',
  'affinity-mode',
  'affinity-canary-behavior',
  'session-cookie-path',
  'session-cookie-change-on-failure',
  'session-cookie-conditional-samesite-none',
  'service-upstream',
  'enable-access-log',
  'enable-rewrite-log',
  'preserve-trailing-slash',
  'custom-headers',
  'auth-cache-key',
  'auth-cache-duration',
  'auth-keepalive',
  'auth-keepalive-requests',
  'auth-keepalive-timeout',
  'load-balance',
  'mirror-request-body',
]);

export type Options = {
  readonly [Name in keyof typeof READERS]?: Extract<ReturnType<(typeof READERS)[Name]>, { value: unknown }>['value'];
};

/** What an Ingress's annotations say. One that says nothing that can be done is as if it were not there, and is told of. */
export function optionsOf({ metadata }: Ingress, owner: string): { options: Options; problems: readonly Problem[] } {
  const found: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [annotation, said] of Object.entries(metadata.annotations ?? {})) {
    if (!annotation.startsWith(PREFIX)) continue;
    const key = annotation.slice(PREFIX.length);
    const read: Reader<unknown> | undefined = Object.hasOwn(READERS, key)
      ? READERS[key as keyof typeof READERS]
      : undefined;
    if (!read) {
      if (!OF_NO_CONSEQUENCE.has(key))
        problems.push({ owner, reason: 'UnsupportedAnnotation', message: `annotation ${annotation} is not supported` });
      continue;
    }
    const value = read(said.trim());
    if (typeof value === 'string')
      problems.push({
        owner,
        reason: 'InvalidAnnotation',
        message: `annotation ${annotation} must be ${value}, not ${JSON.stringify(said)}`,
      });
    else found[key] = value.value;
  }
  // Every reader's value is of the type that its name has in Options.
  return { options: found as Options, problems };
}
