/** Texts that mean themselves without quotes: no number, boolean, null or time, nothing that YAML reads as syntax. */
const PLAIN = /^[A-Za-z_/][A-Za-z0-9_./=-]*(?: [A-Za-z0-9_./-][A-Za-z0-9_./=-]*)*$/;
const WORDS = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/i;

/** A JSON value as a YAML document, keys in order, as upstream prints it. */
export function formatYaml(value: unknown): string {
  return isLeaf(value) ? `${leaf(value)}\n` : `${lines(value).join('\n')}\n`;
}

function lines(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item) => (isLeaf(item) ? [`- ${leaf(item)}`] : lines(item).map((line, i) => (i === 0 ? `- ${line}` : `  ${line}`))));
  }
  return Object.entries(value as object).filter(([, item]) => item !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, item]) => {
    if (isLeaf(item)) return [`${text(name)}: ${leaf(item)}`];
    // Lists stand at the level of the key they belong to.
    return [`${text(name)}:`, ...(Array.isArray(item) ? lines(item) : lines(item).map((line) => `  ${line}`))];
  });
}

const isLeaf = (value: unknown): boolean => typeof value !== 'object' || value === null || Object.keys(value).length === 0;

function leaf(value: unknown): string {
  if (typeof value === 'string') return text(value);
  return JSON.stringify(value ?? null);
}

/** Characters that JSON has as they are, and YAML only escaped: it reads some as ends of lines, and refuses others. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

const text = (value: string): string =>
  (PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value).replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`));
