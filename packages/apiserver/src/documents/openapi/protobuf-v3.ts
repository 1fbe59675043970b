import { WireWriter } from '@navarch/machinery';
import type { Doc } from './definitions.ts';
import {
  any,
  count,
  double,
  extensions,
  type Field,
  isTrue,
  message,
  named,
  optional,
  repeated,
  text,
  type Write,
  writeFields,
} from './gnostic.ts';

/** OpenAPI v3 as gnostic's messages (openapiv3/OpenAPIv3.proto). */
export const OPENAPI_V3_PROTOBUF = [
  'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
] as const;

/** Of the document in JSON. */
export function openApiV3Protobuf(bytes: Uint8Array): Uint8Array {
  const document = JSON.parse(new TextDecoder().decode(bytes)) as Doc;
  const out = new WireWriter();
  const { openapi, info, paths, components } = document;
  writeFields(out, [
    [1, text(openapi)],
    [
      2,
      message([
        [1, text((info as Doc)['title'])],
        optional(2, (info as Doc)['description'], text),
        optional(6, (info as Doc)['version'], text),
        ...extensions(7, info as Doc),
      ]),
    ],
    [4, message(named(paths, pathItem))],
    optional(5, components, (value) => componentsOf(value as Doc)),
    ...extensions(9, document),
  ]);
  return out.take();
}

const componentsOf = ({ schemas, securitySchemes }: Doc): Write =>
  message([
    optional(1, schemas, (value) => message(named(value, schemaItem))),
    optional(7, securitySchemes, (value) => message(named(value, (scheme) => message([[1, securityScheme(scheme)]])))),
  ]);

/** Either itself (1) or a reference to one that is elsewhere (2). */
const item =
  (write: (doc: Doc) => Write) =>
  (doc: Doc): Write =>
    message(
      doc['$ref'] === undefined
        ? [[1, write(doc)]]
        : [
            [
              2,
              message([
                [1, text(doc['$ref'])],
                optional(2, doc['summary'], text),
                optional(3, doc['description'], text),
              ]),
            ],
          ],
    );

const flag = (number: number, value: unknown): Field => (value === true ? isTrue(number) : undefined);

function schema(doc: Doc): Write {
  return message([
    flag(1, doc['nullable']),
    flag(3, doc['readOnly']),
    flag(4, doc['writeOnly']),
    optional(6, doc['externalDocs'], (value) =>
      message([optional(1, (value as Doc)['description'], text), optional(2, (value as Doc)['url'], text)]),
    ),
    optional(7, doc['example'], any),
    flag(8, doc['deprecated']),
    optional(9, doc['title'], text),
    ...BOUNDS.map(({ name, number, isTruth }) =>
      isTruth ? flag(number, doc[name]) : set(double(number, doc[name]), doc[name]),
    ),
    set(count(15, doc['maxLength']), doc['maxLength']),
    set(count(16, doc['minLength']), doc['minLength']),
    optional(17, doc['pattern'], text),
    set(count(18, doc['maxItems']), doc['maxItems']),
    set(count(19, doc['minItems']), doc['minItems']),
    flag(20, doc['uniqueItems']),
    set(count(21, doc['maxProperties']), doc['maxProperties']),
    set(count(22, doc['minProperties']), doc['minProperties']),
    ...repeated(23, doc['required'], text),
    ...repeated(24, doc['enum'], any),
    optional(25, doc['type'], text),
    ...LISTS.flatMap(([name, number]) => repeated(number, doc[name], (value) => schemaItem(value as Doc))),
    optional(29, doc['not'], (value) => schema(value as Doc)),
    optional(30, doc['items'], (value) => message([[1, schemaItem(value as Doc)]])),
    optional(31, doc['properties'], (value) => message(named(value, schemaItem))),
    optional(32, doc['additionalProperties'], (value) =>
      message([
        typeof value === 'boolean' ? [2, (out) => out.varint(value ? 1 : 0), 0] : [1, schemaItem(value as Doc)],
      ]),
    ),
    optional(33, doc['default'], fallback),
    optional(34, doc['description'], text),
    optional(35, doc['format'], text),
    ...extensions(36, doc),
  ]);
}

/** Numbers that are zero are not written: protobuf's third version does not tell them from none. */
const set = (field: Field, value: unknown): Field => (Number(value) === 0 ? undefined : field);

const BOUNDS = [
  { name: 'multipleOf', number: 10 },
  { name: 'maximum', number: 11 },
  { name: 'exclusiveMaximum', number: 12, isTruth: true },
  { name: 'minimum', number: 13 },
  { name: 'exclusiveMinimum', number: 14, isTruth: true },
] as readonly { readonly name: string; readonly number: number; readonly isTruth?: true }[];
const LISTS = [
  ['allOf', 26],
  ['oneOf', 27],
  ['anyOf', 28],
] as const;

const schemaItem = item(schema);

/** Only what is one value is carried; of what is more, that there is something. */
function fallback(value: unknown): Write {
  switch (typeof value) {
    case 'number':
      return message([[1, (out) => out.double(value), 1]]);
    case 'boolean':
      return message([[2, (out) => out.varint(value ? 1 : 0), 0]]);
    case 'string':
      return message([[3, text(value)]]);
    default:
      return message([]);
  }
}

const METHODS = [
  ['get', 4],
  ['put', 5],
  ['post', 6],
  ['delete', 7],
  ['options', 8],
  ['head', 9],
  ['patch', 10],
] as const;

const pathItem = (doc: Doc): Write =>
  message([
    ...METHODS.map(([method, number]) => optional(number, doc[method], (value) => operation(value as Doc))),
    ...repeated(13, doc['parameters'], (value) => parameterItem(value as Doc)),
    ...extensions(14, doc),
  ]);

const operation = (doc: Doc): Write =>
  message([
    ...repeated(1, doc['tags'], text),
    optional(3, doc['description'], text),
    optional(5, doc['operationId'], text),
    ...repeated(6, doc['parameters'], (value) => parameterItem(value as Doc)),
    optional(7, doc['requestBody'], (value) => bodyItem(value as Doc)),
    [8, message(named(doc['responses'], responseItem, 2))],
    flag(10, doc['deprecated']),
    ...extensions(13, doc),
  ]);

const parameterItem = item((doc) =>
  message([
    [1, text(doc['name'])],
    [2, text(doc['in'])],
    optional(3, doc['description'], text),
    flag(4, doc['required']),
    optional(10, doc['schema'], (value) => schemaItem(value as Doc)),
    ...extensions(14, doc),
  ]),
);

const content = (number: number, value: unknown): Field =>
  optional(number, value, (types) =>
    message(
      named(types, ({ schema: of, ...rest }) =>
        message([optional(1, of, (one) => schemaItem(one as Doc)), ...extensions(5, rest)]),
      ),
    ),
  );

const bodyItem = item((doc) =>
  message([
    optional(1, doc['description'], text),
    content(2, doc['content']),
    flag(3, doc['required']),
    ...extensions(4, doc),
  ]),
);

const responseItem = item((doc) =>
  message([[1, text(doc['description'])], content(3, doc['content']), ...extensions(5, doc)]),
);

const securityScheme = (doc: Doc): Write =>
  message([
    [1, text(doc['type'])],
    optional(2, doc['description'], text),
    optional(3, doc['name'], text),
    optional(4, doc['in'], text),
    ...extensions(9, doc),
  ]);
