/** What is read of an entry of `metadata.managedFields`. */
interface Entry {
  readonly operation?: string;
  readonly time?: string;
  readonly manager?: string;
  readonly apiVersion?: string;
  readonly subresource?: string;
}

const BEGINNING = /"managedFields":\s*\[\s*/g;

/**
 * Managers of fields are listed by operation, then by the second they wrote in, then by name. Two servers do not write
 * in the same seconds: lists that are in their own order are shown as if all had written in the same one, and any other
 * list as it is.
 */
export function listManagers(text: string): string {
  let shown = '';
  let from = 0;
  for (const found of text.matchAll(BEGINNING)) {
    const start = found.index + found[0].length;
    if (start < from) continue; // Within a list that is shown already.
    const spans = objects(text, start);
    const entries = spans.map(([begin, end]) => ({ begin, end, entry: read(text.slice(begin, end)) }));
    if (entries.some(({ entry }, i) => i > 0 && compare(entries[i - 1]!.entry, entry, true) > 0)) continue;
    const listed = entries.toSorted((a, b) => compare(a.entry, b.entry, false));
    for (const [i, { begin, end }] of entries.entries()) {
      shown += text.slice(from, begin) + text.slice(listed[i]!.begin, listed[i]!.end);
      from = end;
    }
  }
  return shown + text.slice(from);
}

const KEYS = ['manager', 'apiVersion', 'subresource'] as const;

function compare(a: Entry, b: Entry, byTime: boolean): number {
  for (const key of byTime ? (['operation', 'time', ...KEYS] as const) : (['operation', ...KEYS] as const)) {
    const [left, right] = [a[key] ?? '', b[key] ?? ''];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

function read(text: string): Entry {
  try {
    return JSON.parse(text) as Entry;
  } catch {
    return {}; // What is no JSON, or JSON within a string of JSON, stays where it is.
  }
}

/** Where the objects of a list begin and end, up to the end of the list. */
function objects(text: string, start: number): readonly (readonly [begin: number, end: number])[] {
  const found: [number, number][] = [];
  let [depth, begin, isString] = [0, start, false];
  for (let i = start; i < text.length; i += 1) {
    const c = text[i];
    if (isString) {
      if (c === '\\') i += 1;
      else if (c === '"') isString = false;
    } else if (c === '"') isString = true;
    else if (c === '{') {
      if (depth === 0) begin = i;
      depth += 1;
    } else if (c === '}') {
      depth -= 1;
      if (depth === 0) found.push([begin, i + 1]);
    } else if (c === ']' && depth === 0) break;
  }
  return found;
}
