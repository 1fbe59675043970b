import { protobufEncoder } from '@navarch/api';
import { encodeCbor, encodeCborItem, jsonText, SELF_DESCRIBED } from '@navarch/machinery';
import type { FeatureGates } from '../features/feature-gates.ts';
import { encode } from '../request.ts';
import { formatYaml } from './format-yaml.ts';

/** Any API value: what it is, and the rest. */
export interface Kinded {
  /** Absent from discovery of the core alone. */
  readonly apiVersion?: string;
  readonly kind: string;
}

/** How API values become bytes. */
export interface Format {
  readonly mediaType: string;
  /** Content-Type of a watch; absent: a watch has no such form. */
  readonly streamType?: string;
  encode(value: Kinded): Uint8Array;
  /** What a body ends with that is no frame; absent: nothing. */
  readonly end?: Uint8Array;
  /** An event of a watch around the bytes of its object. */
  frame(type: string, object: Uint8Array): Uint8Array;
}

const FRAME_TAIL = encode('}\n');
const FRAME_HEADS = new Map(
  ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'].map((type) => [type, encode(`{"type":"${type}","object":`)]),
);

export const jsonFormat: Format = {
  mediaType: 'application/json',
  streamType: 'application/json',
  encode: (value) => encode(jsonText(value)),
  end: encode('\n'),
  frame(type, object) {
    const head = FRAME_HEADS.get(type) ?? new Uint8Array();
    const out = new Uint8Array(head.length + object.length + FRAME_TAIL.length);
    out.set(head);
    out.set(object, head.length);
    out.set(FRAME_TAIL, head.length + object.length);
    return out;
  },
};

export const yamlFormat: Format = {
  mediaType: 'application/yaml',
  encode: (value) => encode(formatYaml(value)),
  frame: (_type, object) => object,
};

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

/** metav1beta1 of tables and metadata has the messages of v1; discovery of the core says no version. */
const typeOf = ({ apiVersion = 'v1', kind }: Kinded): string | undefined =>
  protobufEncoder.typeOf(apiVersion === 'meta.k8s.io/v1beta1' ? 'meta.k8s.io/v1' : apiVersion, kind);

const hasVersion = (value: Kinded): value is Required<Kinded> => value.apiVersion !== undefined;

export const hasProtobuf = (value: Kinded): boolean => typeOf(value) !== undefined;

export const protobufFormat: Format = {
  mediaType: PROTOBUF_TYPE,
  streamType: `${PROTOBUF_TYPE};stream=watch`,
  encode: (value) => protobufEncoder.encode(hasVersion(value) ? value : { ...value, apiVersion: '' }, typeOf(value)),
  frame(type, object) {
    const event = protobufEncoder.watchEvent(type, object);
    const out = new Uint8Array(4 + event.length);
    // Big-endian, unlike everything else in protobuf.
    new DataView(out.buffer).setUint32(0, event.length);
    out.set(event, 4);
    return out;
  },
};

export const CBOR_TYPE = 'application/cbor';

/** Upstream's feature CBORServingAndStorage (KEP-4222), which is off unless somebody switches it on. */
export const cborFormat: Format = {
  mediaType: CBOR_TYPE,
  streamType: 'application/cbor-seq',
  encode: encodeCbor,
  frame(type, object) {
    const word = encodeCborItem(type);
    const out = new Uint8Array(EVENT_HEAD.length + word.length + EVENT_OBJECT.length + object.length);
    out.set(EVENT_HEAD);
    out.set(word, EVENT_HEAD.length);
    out.set(EVENT_OBJECT, EVENT_HEAD.length + word.length);
    out.set(object, EVENT_HEAD.length + word.length + EVENT_OBJECT.length);
    return out;
  },
};

/** A map of two: `type`, and `object` behind it. */
const EVENT_HEAD = Uint8Array.from([...SELF_DESCRIBED, 0xa2, ...encodeCborItem('type')]);
const EVENT_OBJECT = encodeCborItem('object');

/** Those that every server has; the first is for whoever does not say. */
export const formats: readonly Format[] = [jsonFormat, yamlFormat, protobufFormat];

/** With those of the features that are on. */
export const formatsOf = (features: FeatureGates): readonly Format[] =>
  features.isOn('CBORServingAndStorage') ? [...formats, cborFormat] : formats;
