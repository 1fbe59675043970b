import { EVENT_ID, type Event, getScalarValue, load, parseEvents } from 'js-yaml';

/** Deeper than any object of the API; shallow enough for every recursion over it. */
const DEPTH_MAX = 1000;
const ALIASES_MAX = 10_000;
/** Values that aliases may add to what the text itself has. */
const EXPANSION_MAX = 400_000;

/**
 * One YAML document from somebody who may mean harm, as JSON values. Throws where it cannot be read, goes too deep, or
 * would become too large once its aliases are written out: a few lines can stand for more values than memory holds.
 * A key that its mapping has already is told, and its last value counts.
 */
export function parseYaml(text: string, onRepeated?: (key: string, line: number) => void): unknown {
  const value: unknown = load(text, { maxDepth: DEPTH_MAX, maxAliases: ALIASES_MAX, json: true });
  if (onRepeated) tellRepeated(text, onRepeated);
  if (text.includes('*')) checkSize(value, text.length + EXPANSION_MAX);
  return value;
}

interface Open {
  /** Of a mapping: the keys so far. */
  readonly keys?: Set<string>;
  isAtKey: boolean;
}

/** Walks through the document as it is written. */
function tellRepeated(text: string, tell: (key: string, line: number) => void): void {
  const open: Open[] = [];
  for (const event of parseEvents(text, { maxDepth: DEPTH_MAX })) {
    if (event.type === EVENT_ID.POP) {
      open.pop();
      continue;
    }
    const top = open.at(-1);
    if (top?.keys && top.isAtKey && event.type === EVENT_ID.SCALAR) {
      const key = getScalarValue(text, event);
      if (top.keys.has(key)) tell(key, text.slice(0, event.valueStart).split('\n').length);
      top.keys.add(key);
    }
    if (top) top.isAtKey = !top.isAtKey;
    if (isContainer(event)) open.push({ isAtKey: true, ...(event.type === EVENT_ID.MAPPING ? { keys: new Set<string>() } : {}) });
  }
}

const isContainer = ({ type }: Event): boolean => type === EVENT_ID.DOCUMENT || type === EVENT_ID.SEQUENCE || type === EVENT_ID.MAPPING;

/** Counts every value as often as it will be written; values that hold themselves never end. */
function checkSize(root: unknown, valuesMax: number): void {
  const above = new Set<object>();
  let values = 0;
  const visit = (value: unknown): void => {
    if (++values > valuesMax) throw new RangeError('document contains excessive aliasing');
    if (typeof value !== 'object' || value === null) return;
    if (above.has(value)) throw new RangeError('an anchor contains itself');
    above.add(value);
    for (const inner of Object.values(value)) visit(inner);
    above.delete(value);
  };
  visit(root);
}
