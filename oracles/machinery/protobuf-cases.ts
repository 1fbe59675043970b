import fc from 'fast-check';
import {
  decode,
  type ObjectSchema,
  type ProtobufDecoder,
  type ProtobufEncoder,
  type Schemas,
  type TypeFacts,
} from '@navarch/machinery';
import { objectsOf } from '@navarch/machinery/testing';
import { attempt, type Case } from '../case.ts';

interface Codec {
  readonly schemas: Schemas;
  readonly facts: Readonly<Record<string, TypeFacts>>;
  readonly encoder: ProtobufEncoder;
  readonly decoder: ProtobufDecoder;
}
type Kinded = { readonly apiVersion: string; readonly kind: string };

/** Groups whose Go types are in a module of another kind of release; their shapes are the same as the others'. */
const ELSEWHERE = /\.metrics\.k8s\.io$|^metrics\.k8s\.io$|^imagepolicy/;

/** Every built-in kind: the bytes that we write are the bytes that the official code writes, and it reads what we write. */
export function protobufCases({
  schemas,
  facts,
  encoder,
  decoder,
}: Codec): Readonly<Record<string, fc.Arbitrary<Case>>> {
  const kinds = Object.entries(facts).flatMap(([name, { gvk, proto }]) => {
    const [group = '', version = '', kind = ''] = gvk ?? [];
    if (!gvk || proto === undefined || group === '*' || group === 'meta.k8s.io' || ELSEWHERE.test(group)) return [];
    return [[schemas.object(name), group ? `${group}/${version}` : version, kind] as const];
  });
  const cases = (make: (normal: Kinded, schema: ObjectSchema) => Case): fc.Arbitrary<Case> =>
    fc
      .constantFrom(...kinds)
      .chain(([schema, apiVersion, kind]) =>
        objectsOf(schema, apiVersion, kind).map((sent) =>
          make(decode(schema, sent).value as unknown as Kinded, schema),
        ),
      );
  return {
    toProtobuf: cases((normal) => ({
      request: { op: 'toProtobuf', target: normal },
      ours: () => attempt(() => base64(encoder.encode(normal))),
    })),
    fromProtobuf: cases((normal, schema) => {
      const bytes = encoder.encode(normal);
      return {
        request: { op: 'fromProtobuf', bytes: base64(bytes) },
        ours: () => attempt(() => decode(schema, decoder.decode(bytes)).value),
        // What is read by us is given our static defaults, as every request is.
        theirs: (answer) => ('error' in answer ? answer : { value: decode(schema, answer.value).value }),
      };
    }),
    watchFrame: cases((normal) => ({
      request: { op: 'watchFrame', text: 'MODIFIED', target: normal },
      ours: () => attempt(() => base64(encoder.watchEvent('MODIFIED', encoder.encode(normal)))),
    })),
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
