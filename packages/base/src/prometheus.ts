import type { Labels, MetricFamily } from './metric-family.ts';

/** The media type of the text below. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

/** Metrics in Prometheus's text format 0.0.4. Families without samples are left out, as upstream leaves them out. */
export const prometheusText = (families: Iterable<MetricFamily>): string => Array.from(families, familyText).join('');

function familyText({ name, help, type, samples }: MetricFamily): string {
  if (samples.length === 0) return '';
  let text = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
  for (const { suffix = '', labels, bound, value, timestampMs } of samples) {
    const pairs = labels === undefined ? '' : labelText(labels);
    const last = bound === undefined ? '' : `${pairs === '' ? '' : ','}le="${shown(bound)}"`;
    const where = pairs === '' && last === '' ? '' : `{${pairs}${last}}`;
    text += `${name}${suffix}${where} ${shown(value)}${timestampMs === undefined ? '' : ` ${Math.floor(timestampMs)}`}\n`;
  }
  return text;
}

const labelTexts = new WeakMap<Labels, string>();

/** By name, as Prometheus's own libraries show them. */
function labelText(labels: Labels): string {
  let text = labelTexts.get(labels);
  if (text === undefined) {
    text = Object.keys(labels)
      .sort()
      .map((name) => `${name}="${escaped(labels[name] as string)}"`)
      .join(',');
    labelTexts.set(labels, text);
  }
  return text;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** As a label or value: infinities and what is no number have words of their own; exponents are Go's. */
function shown(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  const size = Math.abs(value);
  // Go's shortest form of a float (strconv, 'g', -1): with an exponent, of two digits at least, below 1e-4 and from 1e6 on.
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}
