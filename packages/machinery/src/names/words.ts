/** Words that must fit other people's grammars: ports, environment variables, keys, headers. Each returns upstream's complaints. */

const failing = (
  text: string,
  regex: RegExp,
  what: string,
  shown: string,
  examples: readonly string[],
): readonly string[] =>
  regex.test(text)
    ? []
    : [
        `${what} (e.g. ${examples.map((example) => `'${example}'`).join(',  or ')}, regex used for validation is '${shown}')`,
      ];

const characters = (text: string, max: number): readonly string[] =>
  new TextEncoder().encode(text).length > max ? [`must be no more than ${max} characters`] : [];

/** Directories that would lead out of where a key is mounted. */
const dots = (text: string): readonly string[] => {
  if (text === '.') return ["must not be '.'"];
  if (text === '..') return ["must not be '..'"];
  return text.startsWith('..') ? ["must not start with '..'"] : [];
};

/** Keys of config maps and secrets. */
export const configKeyErrors = (text: string): readonly string[] => [
  ...characters(text, 253),
  ...failing(
    text,
    /^[-._a-zA-Z0-9]+$/,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    '[-._a-zA-Z0-9]+',
    ['key.name', 'KEY_NAME', 'key-name'],
  ),
  ...dots(text),
];

/** Names of environment variables, as they were before any character but `=` was let in. */
export const envNameErrors = (text: string): readonly string[] => [
  ...failing(
    text,
    /^[-._a-zA-Z][-._a-zA-Z0-9]*$/,
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
    '[-._a-zA-Z][-._a-zA-Z0-9]*',
    ['my.env-name', 'MY_ENV.NAME', 'MyEnvName1'],
  ),
  ...dots(text),
];

/** Names of environment variables: printable ASCII but `=` (KEP-4369). */
export const relaxedEnvNameErrors = (text: string): readonly string[] => {
  if (text === '') return ['environment variable name must be non-empty'];
  return /^[ -<>-~]+$/.test(text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
};

/** IANA_SVC_NAME (RFC 6335, 5.1): names of container ports. */
export function portNameErrors(text: string): readonly string[] {
  const errors: string[] = text.length > 15 ? ['must be no more than 15 characters'] : [];
  if (!/^[-a-z0-9]+$/.test(text)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) errors.push('must contain at least one letter (a-z)');
  if (text.includes('--')) errors.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export const cIdentifierErrors = (text: string): readonly string[] =>
  failing(
    text,
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
    '[A-Za-z_][A-Za-z0-9_]*',
    ['my_name', 'MY_NAME', 'MyName'],
  );

export const percentErrors = (text: string): readonly string[] =>
  failing(text, /^[0-9]+%$/, "a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', [
    '1%',
    '93%',
  ]);

export const headerNameErrors = (text: string): readonly string[] =>
  failing(
    text,
    /^[-A-Za-z0-9]+$/,
    "a valid HTTP header must consist of alphanumeric characters or '-'",
    '[-A-Za-z0-9]+',
    ['X-Header-Name'],
  );

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const WILDCARD = new RegExp(`^\\*\\.${LABEL}(\\.${LABEL})*$`);

/** `*.example.com`: hosts of ingresses. */
export const wildcardSubdomainErrors = (text: string): readonly string[] => [
  ...(text.length > 253 ? ['must be no more than 253 characters'] : []),
  ...failing(
    text,
    WILDCARD,
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    `\\*\\.${LABEL}(\\.${LABEL})*`,
    ['*.example.com'],
  ),
];
