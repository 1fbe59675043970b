import type { FieldFacts, TypeFacts } from '../engine/facts.ts';

export type Facts = Readonly<Record<string, TypeFacts>>;

/** A struct embedded in another: in JSON its fields are the outer object's, in protobuf it is a message of its own. */
export interface Inline {
  readonly num: number;
  readonly inline: string;
}

/** The fields of one message: its own, and the messages that it embeds. */
export function fieldsOf(facts: Facts, name: string): readonly (FieldFacts | Inline)[] {
  const { fields = [], inline = [] } = facts[name] ?? {};
  const own = fields.filter((field) => field.num !== undefined && field.via === undefined);
  // What an embedded struct embeds is listed too; it belongs to that one's message.
  const inner = new Set(inline.flatMap(({ type }) => (facts[type]?.inline ?? []).map((deeper) => deeper.name)));
  return [
    ...own,
    ...inline
      .filter((embedded) => !inner.has(embedded.name))
      .map((embedded) => ({ num: embedded.num, inline: embedded.type })),
  ];
}

/** `k8s` and a zero byte: how Kubernetes's protobuf bodies begin (API concepts, "Protobuf encoding idl"). */
export const MAGIC: Uint8Array = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

/** Finds the type of a kind. Types of group and version `*` (options, WatchEvent) belong to every one. */
export function typeNames(facts: Facts): (apiVersion: string, kind: string) => string | undefined {
  const byKind = new Map<string, string>();
  for (const [name, { gvk }] of Object.entries(facts))
    if (gvk) byKind.set(gvk[0] === '*' ? `*/${gvk[2]}` : gvk.join('/'), name);
  return (apiVersion, kind) => {
    const path = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    return byKind.get(`${path}/${kind}`) ?? byKind.get(`*/${kind}`);
  };
}
