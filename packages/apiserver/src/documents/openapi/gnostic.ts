import type { WireWriter } from '@navarch/machinery';
import { anyYaml } from './any-yaml.ts';
import type { Doc } from './definitions.ts';

// How gnostic's messages are written, of OpenAPI v2 and of v3 (openapiv2/OpenAPIv2.proto, openapiv3/OpenAPIv3.proto).

/** Writes a value, length first. */
export type Write = (out: WireWriter) => void;
/** A field of a message; undefined: it has no value. Most are as long as they say (wire type 2). */
export type Field = readonly [number: number, write: Write, wireType?: 0 | 1] | undefined;

export const text =
  (value: unknown): Write =>
  (out) =>
    out.string(String(value));
const truth: Write = (out) => out.varint(1);
export const isTrue = (number: number): Field => [number, truth, 0];
export const count = (number: number, value: unknown): Field =>
  value === undefined ? undefined : [number, (out) => out.varint(Number(value)), 0];
export const double = (number: number, value: unknown): Field =>
  value === undefined ? undefined : [number, (out) => out.double(Number(value)), 1];
export const message =
  (fields: readonly Field[]): Write =>
  (out) => {
    const before = out.size;
    writeFields(out, fields);
    out.varint(out.size - before);
  };

export function writeFields(out: WireWriter, fields: readonly Field[]): void {
  // The writer goes from the end to the beginning.
  for (const field of fields.toReversed()) {
    if (!field) continue;
    field[1](out);
    out.tag(field[0], field[2] ?? 2);
  }
}

/** An object as a list of messages with a name (1) and a value (2). */
export const named = (values: unknown, write: (value: Doc) => Write, number = 1): readonly Field[] =>
  Object.entries((values ?? {}) as Doc).map(
    ([name, value]) =>
      [
        number,
        message([
          [1, text(name)],
          [2, write(value as Doc)],
        ]),
      ] as const,
  );

export const repeated = (number: number, values: unknown, write: (value: unknown) => Write): readonly Field[] =>
  ((values ?? []) as readonly unknown[]).map((value) => [number, write(value)] as const);

export const optional = (number: number, value: unknown, write: (value: unknown) => Write): Field =>
  value === undefined ? undefined : [number, write(value)];

/** gnostic's Any carries YAML. */
export const any = (value: unknown): Write => message([[2, text(anyYaml(value))]]);

/** Everything that begins with `x-`. */
export const extensions = (number: number, doc: Doc): readonly Field[] =>
  Object.entries(doc)
    .filter(([name]) => name.startsWith('x-'))
    .map(
      ([name, value]) =>
        [
          number,
          message([
            [1, text(name)],
            [2, any(value)],
          ]),
        ] as const,
    );
