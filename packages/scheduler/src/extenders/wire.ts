import { decode, DecodeError, readJson, Schemas } from '@navarch/machinery';
import { ExtenderError } from './extender-error.ts';

/** k8s.io/kube-scheduler/extender/v1, whose fields are called as they are in Go. */
const P = 'io.k8s.kube-scheduler.extender.v1.';
const optional = { omit: 'omitempty', ptr: true } as const;
const schemas = new Schemas({
  [`${P}ExtenderFilterResult`]: {
    fields: [
      { name: 'Nodes', type: `${P}NodeList`, ...optional },
      { name: 'NodeNames', type: '[]string', ...optional },
      { name: 'FailedNodes', type: 'map[string]string', omit: 'omitempty' },
      { name: 'FailedAndUnresolvableNodes', type: 'map[string]string', omit: 'omitempty' },
      { name: 'Error', type: 'string', omit: 'omitempty' },
    ],
  },
  [`${P}NodeList`]: { fields: [{ name: 'items', type: `[]${P}Node`, omit: 'omitempty' }] },
  [`${P}Node`]: { fields: [{ name: 'metadata', type: `${P}ObjectMeta` }] },
  [`${P}ObjectMeta`]: { fields: [{ name: 'name', type: 'string' }] },
  [`${P}HostPriority`]: {
    fields: [
      { name: 'Host', type: 'string' },
      { name: 'Score', type: 'int64' },
    ],
  },
  [`${P}ExtenderPreemptionResult`]: {
    fields: [{ name: 'NodeNameToMetaVictims', type: `map[string]${P}MetaVictims`, omit: 'omitempty' }],
  },
  [`${P}MetaVictims`]: {
    fields: [
      { name: 'Pods', type: `[]${P}MetaPod`, omit: 'omitempty' },
      { name: 'NumPDBViolations', type: 'int64' },
    ],
  },
  [`${P}MetaPod`]: { fields: [{ name: 'UID', type: 'string' }] },
  [`${P}ExtenderBindingResult`]: { fields: [{ name: 'Error', type: 'string', omit: 'omitempty' }] },
});

export interface FilterResult {
  readonly Nodes?: { readonly items?: readonly { readonly metadata: { readonly name: string } }[] };
  readonly NodeNames?: readonly string[];
  readonly FailedNodes?: Readonly<Record<string, string>>;
  readonly FailedAndUnresolvableNodes?: Readonly<Record<string, string>>;
  readonly Error?: string;
}

export interface HostPriority {
  readonly Host: string;
  readonly Score: number;
}

export interface PreemptionResult {
  readonly NodeNameToMetaVictims?: Readonly<Record<string, MetaVictims>>;
}

export interface MetaVictims {
  readonly Pods?: readonly { readonly UID: string }[];
  readonly NumPDBViolations: number;
}

export const readFilterResult = (text: string): FilterResult => read('ExtenderFilterResult', text);
export const readPreemptionResult = (text: string): PreemptionResult => read('ExtenderPreemptionResult', text);
export const readBindingResult = (text: string): { readonly Error?: string } => read('ExtenderBindingResult', text);

export function readPriorities(text: string): readonly HostPriority[] {
  const list = parsed(text);
  if (list === null) return [];
  if (!Array.isArray(list))
    throw new ExtenderError('json: cannot unmarshal object into Go value of type v1.HostPriorityList');
  return list.map((item: unknown) => typed<HostPriority>('HostPriority', item ?? {}));
}

const read = <T>(type: string, text: string): T => typed<T>(type, parsed(text) ?? {});

/** Names are read as Go reads them: in capitals or not. Throws ExtenderError. */
function typed<T>(type: string, value: unknown): T {
  try {
    return decode(schemas.object(`${P}${type}`), cased(value)).value as T;
  } catch (error) {
    if (error instanceof DecodeError) throw new ExtenderError(error.message, { cause: error });
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    throw new ExtenderError(`the answer is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

const NAMES =
  'Nodes NodeNames FailedNodes FailedAndUnresolvableNodes Error Host Score NodeNameToMetaVictims Pods NumPDBViolations UID items metadata'.split(
    ' ',
  );
const byLowerCase = new Map(NAMES.map((name) => [name.toLowerCase(), name]));
/** Of these the keys are names of nodes. */
const MAPS = new Set(['FailedNodes', 'FailedAndUnresolvableNodes']);

function cased(value: unknown, isMap = false): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => cased(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => {
      const name = isMap ? key : (byLowerCase.get(key.toLowerCase()) ?? key);
      if (MAPS.has(name) || name === 'metadata') return [name, inner];
      return [name, cased(inner, name === 'NodeNameToMetaVictims')];
    }),
  );
}
