import { WireWriter } from '@navarch/machinery';
import type { Doc } from './openapi.ts';

/** What clients before 1.27, helm before 4 and Argo CD ask for: OpenAPI v2 as gnostic's messages (openapiv2/OpenAPIv2.proto). */
export const OPENAPI_V2_PROTOBUF = ['application/com.github.proto-openapi.spec.v2.v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'] as const;

/** Writes a value, length first. */
type Write = (out: WireWriter) => void;
/** A field of a message; undefined: it has no value. */
type Field = readonly [number: number, write: Write] | undefined;

export function openApiV2Protobuf(document: Doc): Uint8Array {
  const out = new WireWriter();
  const { swagger, info, paths, definitions } = document;
  writeFields(out, [
    [1, text(swagger)], [2, message([[1, text((info as Doc)['title'])], [2, text((info as Doc)['version'])]])],
    [8, message(named(paths, pathItem, 2))], [9, message(named(definitions, schema))],
  ]);
  return out.take();
}

const text = (value: unknown): Write => (out) => out.string(String(value));
const truth: Write = (out) => out.varint(1);
const message = (fields: readonly Field[]): Write => (out) => {
  const before = out.size;
  writeFields(out, fields);
  out.varint(out.size - before);
};

function writeFields(out: WireWriter, fields: readonly Field[]): void {
  // The writer goes from the end to the beginning.
  for (const field of fields.toReversed()) {
    if (!field) continue;
    field[1](out);
    out.tag(field[0], field[1] === truth ? 0 : 2);
  }
}

/** An object as a list of messages with a name (1) and a value (2). */
const named = (values: unknown, write: (value: Doc) => Write, number = 1): readonly Field[] =>
  Object.entries((values ?? {}) as Doc).map(([name, value]) => [number, message([[1, text(name)], [2, write(value as Doc)]])] as const);

const repeated = (number: number, values: unknown, write: (value: unknown) => Write): readonly Field[] =>
  ((values ?? []) as readonly unknown[]).map((value) => [number, write(value)] as const);

const optional = (number: number, value: unknown, write: (value: unknown) => Write): Field => (value === undefined ? undefined : [number, write(value)]);

/** gnostic's Any carries YAML, and JSON is YAML. */
const any = (value: unknown): Write => message([[2, text(`${JSON.stringify(value)}\n`)]]);

/** Everything that begins with `x-`. */
const extensions = (number: number, doc: Doc): readonly Field[] =>
  Object.entries(doc).filter(([name]) => name.startsWith('x-')).map(([name, value]) => [number, message([[1, text(name)], [2, any(value)]])] as const);

function schema(doc: Doc): Write {
  const child = (value: unknown): Write => schema(value as Doc);
  return message([
    optional(1, doc['$ref'], text), optional(2, doc['format'], text), optional(5, doc['default'], any), ...repeated(19, doc['required'], text),
    ...repeated(20, doc['enum'], any), optional(21, doc['additionalProperties'], (value) => message([[1, child(value)]])),
    optional(22, doc['type'], (value) => message([[1, text(value)]])), optional(23, doc['items'], (value) => message([[1, child(value)]])),
    ...repeated(24, doc['allOf'], child), optional(25, doc['properties'], (value) => message(named(value, schema))), ...extensions(31, doc),
  ]);
}

const METHODS = [['get', 2], ['put', 3], ['post', 4], ['delete', 5], ['patch', 8]] as const;

const pathItem = (doc: Doc): Write => message(METHODS.map(([method, number]) => optional(number, doc[method], (value) => operation(value as Doc))));

const operation = (doc: Doc): Write => message([
  ...repeated(6, doc['produces'], text), ...repeated(7, doc['consumes'], text),
  ...repeated(8, doc['parameters'], (value) => message([[1, parameter(value as Doc)]])),
  [9, message(named(doc['responses'], (value) => message([[1, response(value)]])))], ...extensions(13, doc),
]);

function parameter(doc: Doc): Write {
  if (doc['in'] === 'body') return message([[1, message([[2, text(doc['name'])], [3, text('body')], [4, truth], [5, schema(doc['schema'] as Doc)]])]]);
  const query = message([[2, text('query')], [4, text(doc['name'])], [6, text(doc['type'])], [20, truth]]);
  return message([[2, message([[3, query]])]]);
}

const response = (doc: Doc): Write => message([[1, text(doc['description'])], [2, message([[1, schema(doc['schema'] as Doc)]])]]);
