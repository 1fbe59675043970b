import { schemas } from '@navarch/api';
import type { FieldSchema, ObjectSchema } from '@navarch/machinery';

type Doc = Readonly<Record<string, unknown>>;

/** Where schemas that others refer to are defined. */
interface Definitions {
  readonly version: 'v2' | 'v3';
  /** A reference to the schema. */
  object(schema: ObjectSchema): Doc;
  property(of: ObjectSchema, field: FieldSchema): Doc;
}

const objectMeta = schemas.object('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');

const IDENTITY = ['apiVersion', 'kind', 'metadata'] as const;
const KEEPS = 'x-kubernetes-preserve-unknown-fields';
const EMBEDS = 'x-kubernetes-embedded-resource';
const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

/** The schema of a custom resource as its author wrote it, with the fields that every object of the API has. */
export function customDoc(schema: ObjectSchema, published: Doc, definitions: Definitions): Doc {
  const isOld = definitions.version === 'v2';
  // Old clients take a schema for all there is.
  if (isOld && published[KEEPS] === true) return { type: 'object' };
  const own = Object.fromEntries(
    IDENTITY.flatMap((name) => {
      const field = schema.field(name);
      return field ? [[name, withoutDefault(definitions.property(schema, field))]] : [];
    }),
  );
  const told = completed(isOld ? withoutV3(published) : published, definitions);
  return { ...told, properties: { ...(told['properties'] as Doc | undefined), ...own } };
}

/** With what is so of every object of the API within, and of integers or strings, though nobody wrote it. */
function completed(doc: Doc, definitions: Definitions): Doc {
  const { properties, items, additionalProperties } = doc;
  const inside = (member: unknown): unknown =>
    typeof member === 'object' && member !== null ? completed(member as Doc, definitions) : member;
  const told: Doc = {
    ...doc,
    ...(properties ? { properties: mapDocs(properties as Doc, (member) => completed(member, definitions)) } : {}),
    ...(items ? { items: inside(items) } : {}),
    ...(additionalProperties === undefined ? {} : { additionalProperties: inside(additionalProperties) }),
  };
  const isOld = definitions.version === 'v2';
  if (doc['x-kubernetes-int-or-string'] === true && !doc['anyOf'] && !isOld) return { ...told, anyOf: INT_OR_STRING };
  return doc[EMBEDS] === true && !(isOld && doc[KEEPS] === true) ? embedding(told, definitions) : told;
}

function embedding(doc: Doc, definitions: Definitions): Doc {
  const ref = definitions.object(objectMeta);
  const required = [...((doc['required'] as readonly string[] | undefined) ?? [])];
  for (const name of ['kind', 'apiVersion']) if (!required.includes(name)) required.push(name);
  const text = { type: 'string' };
  const own = { apiVersion: text, kind: text, metadata: definitions.version === 'v2' ? ref : { allOf: [ref] } };
  return { ...doc, required, properties: { ...(doc['properties'] as Doc | undefined), ...own } };
}

const withoutDefault = ({ default: _, ...doc }: Doc): Doc => doc;

const mapDocs = (docs: Doc, change: (doc: Doc) => Doc): Doc =>
  Object.fromEntries(Object.entries(docs).map(([name, doc]) => [name, change(doc as Doc)]));

/** What OpenAPI v2 has no words for is left out, and what its clients would take for more than it says. */
function withoutV3({ nullable, anyOf: _, oneOf: __, not: ___, allOf: ____, default: _____, ...rest }: Doc): Doc {
  const { type, properties, items, additionalProperties, required, ...others } = rest;
  const isOpen = Boolean(nullable) || rest[KEEPS] === true;
  const isTyped = !nullable && !(rest[KEEPS] === true && (type === 'object' || type === 'array'));
  const needed = ((required ?? []) as readonly string[]).filter(
    (name) => (properties as Readonly<Record<string, Doc>> | undefined)?.[name]?.['nullable'] !== true,
  );
  const values = additionalProperties as Doc | boolean | undefined;
  return {
    ...others,
    ...(type && isTyped ? { type } : {}),
    ...(needed.length > 0 && !(typeof values === 'object' && values['nullable']) ? { required: needed } : {}),
    ...(properties && !isOpen ? { properties: mapDocs(properties as Doc, withoutV3) } : {}),
    ...(items && !isOpen ? { items: withoutV3(items as Doc) } : {}),
    ...(values === undefined ? {} : { additionalProperties: typeof values === 'object' ? withoutV3(values) : values }),
  };
}
