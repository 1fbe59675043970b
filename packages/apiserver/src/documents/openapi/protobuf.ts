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

/** What clients before 1.27, helm before 4 and Argo CD ask for: OpenAPI v2 as gnostic's messages (openapiv2/OpenAPIv2.proto). */
export const OPENAPI_V2_PROTOBUF = [
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
] as const;

export function openApiV2Protobuf(document: Doc): Uint8Array {
  const out = new WireWriter();
  const { swagger, info, paths, definitions, parameters, security, securityDefinitions } = document;
  writeFields(out, [
    [1, text(swagger)],
    [
      2,
      message([
        [1, text((info as Doc)['title'])],
        [2, text((info as Doc)['version'])],
      ]),
    ],
    [8, message(named(paths, pathItem, 2))],
    [9, message(named(definitions, schema))],
    [10, message(named(parameters, parameter))],
    ...repeated(12, security, (value) => message(named(value, (scopes) => message(repeated(1, scopes, text))))),
    [13, message(named(securityDefinitions, securityDefinition))],
  ]);
  return out.take();
}

function schema(doc: Doc): Write {
  const child = (value: unknown): Write => schema(value as Doc);
  return message([
    optional(1, doc['$ref'], text),
    optional(2, doc['format'], text),
    optional(3, doc['title'], text),
    optional(4, doc['description'], text),
    optional(5, doc['default'], any),
    ...NUMBERS.map(([name, number]) => double(number, doc[name])),
    ...COUNTS.map(([name, number]) => count(number, doc[name])),
    ...TRUTHS.map(([name, number]) => (doc[name] ? isTrue(number) : undefined)),
    optional(13, doc['pattern'], text),
    ...repeated(19, doc['required'], text),
    ...repeated(20, doc['enum'], any),
    optional(21, doc['additionalProperties'], (value) =>
      typeof value === 'boolean' ? message([value ? isTrue(2) : undefined]) : message([[1, child(value)]]),
    ),
    optional(22, doc['type'], (value) => message([[1, text(value)]])),
    optional(23, doc['items'], (value) => message([[1, child(value)]])),
    ...repeated(24, doc['allOf'], child),
    optional(25, doc['properties'], (value) => message(named(value, schema))),
    optional(29, doc['externalDocs'], externalDocs),
    optional(30, doc['example'], any),
    ...extensions(31, doc),
  ]);
}

const NUMBERS = [
  ['multipleOf', 6],
  ['maximum', 7],
  ['minimum', 9],
] as const;
const TRUTHS = [
  ['exclusiveMaximum', 8],
  ['exclusiveMinimum', 10],
  ['uniqueItems', 16],
] as const;
const COUNTS = [
  ['maxLength', 11],
  ['minLength', 12],
  ['maxItems', 14],
  ['minItems', 15],
  ['maxProperties', 17],
  ['minProperties', 18],
] as const;
const externalDocs = (value: unknown): Write =>
  message([optional(1, (value as Doc)['description'], text), optional(2, (value as Doc)['url'], text)]);

const METHODS = [
  ['get', 2],
  ['put', 3],
  ['post', 4],
  ['delete', 5],
  ['options', 6],
  ['head', 7],
  ['patch', 8],
] as const;

const pathItem = (doc: Doc): Write =>
  message([
    ...METHODS.map(([method, number]) => optional(number, doc[method], (value) => operation(value as Doc))),
    ...repeated(9, doc['parameters'], parameterItem),
  ]);

const operation = (doc: Doc): Write =>
  message([
    ...repeated(1, doc['tags'], text),
    optional(3, doc['description'], text),
    optional(5, doc['operationId'], text),
    ...repeated(6, doc['produces'], text),
    ...repeated(7, doc['consumes'], text),
    ...repeated(8, doc['parameters'], parameterItem),
    [9, message(named(doc['responses'], (value) => message([[1, response(value)]])))],
    ...repeated(10, doc['schemes'], text),
    ...extensions(13, doc),
  ]);

function parameterItem(value: unknown): Write {
  const doc = value as Doc;
  return message(doc['$ref'] === undefined ? [[1, parameter(doc)]] : [[2, message([[1, text(doc['$ref'])]])]]);
}

function parameter(doc: Doc): Write {
  const isRequired = doc['required'] === true;
  const named = { name: text(doc['name']), in: text(doc['in']) };
  if (doc['in'] === 'body')
    return message([
      [
        1,
        message([
          [2, named.name],
          [3, named.in],
          isRequired ? isTrue(4) : undefined,
          [5, schema(doc['schema'] as Doc)],
        ]),
      ],
    ]);
  const head: readonly Field[] = [
    isRequired ? isTrue(1) : undefined,
    [2, named.in],
    optional(3, doc['description'], text),
    [4, named.name],
  ];
  const isUnique = doc['uniqueItems'] === true;
  const body =
    doc['in'] === 'path'
      ? ([4, message([...head, optional(5, doc['type'], text), isUnique ? isTrue(19) : undefined])] as const)
      : ([3, message([...head, optional(6, doc['type'], text), isUnique ? isTrue(20) : undefined])] as const);
  return message([[2, message([body])]]);
}

const response = (doc: Doc): Write =>
  message([[1, text(doc['description'])], optional(2, doc['schema'], (value) => message([[1, schema(value as Doc)]]))]);

const securityDefinition = (doc: Doc): Write =>
  message([
    [
      2,
      message([
        [1, text(doc['type'])],
        [2, text(doc['name'])],
        [3, text(doc['in'])],
        optional(4, doc['description'], text),
      ]),
    ],
  ]);
