/** One line of a text in the Prometheus exposition format (version 0.0.4). */
export interface Reading {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestampMs?: number;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(-?\d+))?\s*$/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/** The readings of those names. Lines that are none are passed over, as other readers do. */
export function readExposition(text: string, names: ReadonlySet<string>): readonly Reading[] {
  const readings: Reading[] = [];
  for (const line of text.split('\n')) {
    const [, name = '', labels = '', value = '', timestamp] = line.startsWith('#') ? [] : (LINE.exec(line) ?? []);
    if (!names.has(name)) continue;
    const number = Number(value);
    if (!Number.isFinite(number)) continue;
    readings.push({
      name,
      labels: labelsOf(labels),
      value: number,
      ...(timestamp === undefined ? {} : { timestampMs: Number(timestamp) }),
    });
  }
  return readings;
}

const labelsOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\\[n"\\]/g, (escape) => ESCAPES[escape] ?? escape),
    ]),
  );
