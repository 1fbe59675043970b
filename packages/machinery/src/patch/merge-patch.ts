import { isRecord, type Json, put } from './json.ts';

/**
 * RFC 7396: objects merge, null removes, everything else replaces; against the RFC and with upstream, null also removes
 * within the lists of a patch, unless they take an object's place. Inputs are left as they are.
 */
export function mergePatch(target: Json, patch: Json): Json {
  if (Array.isArray(patch))
    return isRecord(target) ? patch : patch.map((item) => (item === null ? null : mergePatch(undefined, item)));
  if (!isRecord(patch)) return patch;
  const out: Record<string, Json> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete out[name];
    else put(out, name, mergePatch(Object.hasOwn(out, name) ? out[name] : undefined, value));
  }
  return out;
}
