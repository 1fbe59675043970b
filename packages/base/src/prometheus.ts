import type { Labels } from './metric.ts';

/** One number of a metric, at a time. */
export interface Sample {
  /** Behind the metric's name: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
  readonly labels?: Labels;
  readonly value: number;
  /** When it was so, milliseconds since the epoch; absent: now. */
  readonly timestampMs?: number;
}

/** A metric with all its series. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'untyped';
  readonly samples: readonly Sample[];
}

/** The media type of the text below. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Metrics in Prometheus's text format 0.0.4. Families without samples are left out, as upstream leaves them out. */
export function prometheusText(families: Iterable<MetricFamily>): string {
  const lines: string[] = [];
  for (const { name, help, type, samples } of families) {
    if (samples.length === 0) continue;
    lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`);
    for (const sample of samples) lines.push(line(name, sample));
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function line(name: string, { suffix = '', labels = {}, value, timestampMs }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  const series = `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''}`;
  return `${series} ${shown(value)}${timestampMs === undefined ? '' : ` ${Math.floor(timestampMs)}`}`;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** As a label or value: infinities and what is no number have words of their own. */
export function shown(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
