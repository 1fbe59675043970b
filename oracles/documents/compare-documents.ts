type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Where two documents differ, by path. Descriptions are our own words and do not count; nor does what follows from them:
 * under which name a parameter is shared, and that a reference with nothing to say beside it stands alone.
 */
export function differences(theirs: unknown, ours: unknown): readonly string[] {
  const found: string[] = [];
  collect('', withoutSharing(theirs), withoutSharing(ours), found);
  return found;
}

function collect(path: string, left: unknown, right: unknown, found: string[]): void {
  const [theirs, ours] = [alone(left), alone(right)];
  if (isObject(theirs) && isObject(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      if (key === 'description' && (typeof theirs[key] === 'string' || typeof ours[key] === 'string')) continue;
      collect(`${path}/${key}`, theirs[key], ours[key], found);
    }
    return;
  }
  const [a, b] = [JSON.stringify(theirs), JSON.stringify(ours)];
  if (Array.isArray(theirs) && Array.isArray(ours) && theirs.length === ours.length)
    theirs.forEach((item, index) => collect(`${path}/${index}`, item, ours[index], found));
  else if (a !== b) found.push(`${path}: theirs ${shortened(a)}, ours ${shortened(b)}`);
}

function alone(value: unknown): unknown {
  if (!isObject(value) || !Array.isArray(value['allOf'])) return value;
  const { description: _, allOf, ...rest } = value;
  return Object.keys(rest).length === 0 && allOf.length === 1 ? allOf[0] : value;
}

const LENGTH_MAX = 200;
const shortened = (text = 'nothing'): string => (text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}...` : text);

const SHARED = '#/parameters/';

function withoutSharing(document: unknown): unknown {
  if (!isObject(document) || !isObject(document['parameters']) || document['swagger'] === undefined) return document;
  const { parameters, ...rest } = document;
  const resolved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolved);
    if (!isObject(value)) return value;
    const ref = value['$ref'];
    if (typeof ref === 'string' && ref.startsWith(SHARED)) return (parameters as Json)[ref.slice(SHARED.length)];
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, resolved(part)]));
  };
  return resolved(rest);
}
