import { parseEvents } from 'js-yaml';
import { Composer, type OnRepeated } from './compose.ts';

/** Deeper than any object of the API; shallow enough for every recursion over it. */
const DEPTH_MAX = 1000;
/** Values that aliases may add to what the text itself has. */
const EXPANSION_MAX = 400_000;

/**
 * The first YAML document of a text from somebody who may mean harm, as the JSON values that upstream's reader makes of
 * it (sigs.k8s.io/yaml). Throws where it cannot be read, goes too deep, or would become too large once its aliases are
 * written out: a few lines can stand for more values than memory holds. A key that its mapping has already is told, and
 * its last value counts.
 */
export function parseYaml(text: string, onRepeated?: OnRepeated): unknown {
  const value = new Composer(text, parseEvents(text, { maxDepth: DEPTH_MAX }), onRepeated).document();
  if (text.includes('*')) checkSize(value, text.length + EXPANSION_MAX);
  return value;
}

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
