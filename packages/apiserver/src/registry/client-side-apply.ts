import {
  type ApiObject,
  apiVersionOf,
  inKeyOrder,
  jsonText,
  type Kind,
  type Mutable,
  readJson,
} from '@navarch/machinery';

type Json = Readonly<Record<string, unknown>>;

/** Where clients that merge by themselves keep what they applied last. */
const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
/** Who moves from the one way to the other. To stay out of it, an applier takes another name. */
const APPLIER = 'kubectl';
/** What all annotations of an object may take, in bytes. */
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

const kept = ({ metadata }: ApiObject): string => metadata.annotations?.[ANNOTATION] ?? '';

/** What the applier applied in the old way, in the version that it speaks now; undefined: nothing that can be read. */
export function appliedBefore(live: ApiObject, manager: string, kind: Kind<any>): Json | undefined {
  const text = manager === APPLIER ? kept(live) : '';
  if (text === '') return undefined;
  try {
    const value = readJson(text) as Json;
    return value['apiVersion'] === apiVersionOf(kind) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps the annotation of an object that has one true to what was applied, so that whoever goes on in the old way does
 * not take it back.
 */
export function withApplied<O extends ApiObject>(object: O, config: Json, manager: string): O {
  if (manager !== APPLIER || kept(object) === '') return object;
  const text = `${jsonText(inKeyOrder(withoutAnnotation(config)))}\n`;
  const annotations = { ...object.metadata.annotations, [ANNOTATION]: text };
  const bytes = Object.entries(annotations).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > ANNOTATIONS_BYTES_MAX) delete (annotations as Record<string, string>)[ANNOTATION];
  return { ...object, metadata: { ...(object.metadata as Mutable<ApiObject>['metadata']), annotations } };
}

function withoutAnnotation(config: Json): Json {
  const metadata = config['metadata'] as (Json & { readonly annotations?: Json }) | undefined;
  if (!metadata?.annotations) return config;
  const { [ANNOTATION]: _, ...annotations } = metadata.annotations;
  return { ...config, metadata: { ...metadata, annotations } };
}
