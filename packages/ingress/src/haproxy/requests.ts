import type { HeaderValue, Question } from '../model.ts';
import { format, word } from './quote.ts';
import { ACTIONS, ASKED, EXPLAINED } from './scripts.ts';

/** A copy to another backend, of so many requests out of so many. */
export const mirrorText = (to: string, share: number, of: number): readonly string[] => [
  `  http-request lua.${ACTIONS.mirror} ${word(to)} ${share} ${of}`,
];

/** Whoever is not let in is told as the backend that was asked told; what it could not be asked lets nobody in. */
export function askText({ to, method, host, path, taken, signIn }: Question): readonly string[] {
  const is = (statuses: string): string => `{ var(${ASKED.status}) -m int ${statuses} }`;
  const list = taken.length === 0 ? ',' : taken.map((name) => name.toLowerCase()).join(',');
  return [
    `  http-request lua.${ACTIONS.ask} ${[to, method, host, path, list].map(word).join(' ')}`,
    ...(signIn === undefined ? [] : [`  http-request redirect location ${placeText(signIn)} code 302 if ${is('401')}`]),
    `  http-request return status 401 hdr WWW-Authenticate %[var(${ASKED.challenge})] if ${is('401')} { var(${ASKED.challenge}) -m found }`,
    `  http-request deny deny_status 401 if ${is('401')}`,
    `  http-request deny deny_status 403 if ${is('403')}`,
    `  http-request deny deny_status 500 if !${is('200:299')}`,
  ];
}

const VARIABLES: Readonly<Record<string, string>> = {
  host: '%[var(txn.host)]',
  http_host: '%[req.hdr(host)]',
  scheme: '%[ssl_fc,iif(https,http)]',
  request_uri: '%[pathq]',
  escaped_request_uri: '%[pathq,url_enc]',
};

const placeText = (place: string): string =>
  format(place).replaceAll(/\$([a-z_]+)/g, (whole, name: string) => VARIABLES[name] ?? whole);

/** What is shown instead of these statuses, which stay: another backend is asked for it, and told what for. */
export function explainText(
  statuses: readonly number[],
  to: string,
  headers: readonly HeaderValue[],
): readonly string[] {
  const said = headers.map(({ name, value }) => `${name.toLowerCase()}=${value.replaceAll(',', ' ')}`).join(',');
  const isExplained = `{ var(${EXPLAINED.body}) -m found }`;
  return [
    '  http-request set-var(txn.asked_format) req.fhdr(accept)',
    '  http-request set-var(txn.asked_uri) pathq',
    '  http-request set-var(txn.asked_id) req.fhdr(x-request-id)',
    `  http-response lua.${ACTIONS.explain} ${word(to)} ${word(said)} if { status ${statuses.join(' ')} }`,
    ...statuses.map(
      (status) =>
        `  http-response return status ${status} content-type text/plain lf-string %[var(${EXPLAINED.body})] if { status ${status} } ${isExplained}`,
    ),
    `  http-after-response set-header content-type %[var(${EXPLAINED.type})] if { var(${EXPLAINED.type}) -m found }`,
  ];
}
