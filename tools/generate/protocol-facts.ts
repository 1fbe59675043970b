/** A protocol as it is written into code: names of our own making, types found. */
export interface Protocol {
  readonly messages: readonly (readonly [name: string, fields: readonly Field[]])[];
  readonly enums: readonly (readonly [name: string, values: Readonly<Record<string, number>>])[];
  readonly services: readonly { readonly name: string; readonly rpcs: readonly Rpc[] }[];
}

export interface Field {
  readonly name: string;
  readonly number: number;
  /** Of a map: that of its values. */
  readonly type: string;
  readonly count: 'single' | 'optional' | 'repeated' | 'map';
  readonly isMessage: boolean;
}

interface Rpc {
  /** As it is called here; `name` as it is called on the wire. */
  readonly key: string;
  readonly name: string;
  readonly request: string;
  readonly response: string;
  readonly isStream: boolean;
}

interface FieldFact {
  readonly name: string;
  readonly num: number;
  readonly type: string;
  readonly label?: 'repeated' | 'optional';
}

interface RpcFact {
  readonly name: string;
  readonly req: string;
  readonly resp: string;
  readonly serverStream?: true;
}

const scalars = new Set(['bool', 'bytes', 'double', 'int32', 'int64', 'string', 'uint32', 'uint64']);

/** Messages of protobuf's own library that these protocols use. */
const wellKnown: Readonly<Record<string, readonly FieldFact[]>> = {
  'google.protobuf.BoolValue': [{ name: 'value', num: 1, type: 'bool' }],
  'google.protobuf.Int64Value': [{ name: 'value', num: 1, type: 'int64' }],
  'google.protobuf.Timestamp': [
    { name: 'seconds', num: 1, type: 'int64' },
    { name: 'nanos', num: 2, type: 'int32' },
  ],
};

/** What a package says, or those of its services that are named, with the messages that they need. */
export function protocolOf(
  facts: Readonly<Record<string, unknown>>,
  pkg: string,
  serviceNames?: readonly string[],
): Protocol {
  const messages = new Map(
    entriesOf<{ readonly fields: readonly FieldFact[] }>(facts, 'message', pkg).map(([name, fact]) => [
      name,
      fact.fields,
    ]),
  );
  const enums = new Map(
    entriesOf<{ readonly values: Readonly<Record<string, number>> }>(facts, 'enum', pkg).map(([name, fact]) => [
      name,
      fact.values,
    ]),
  );
  const services = entriesOf<readonly RpcFact[]>(facts, 'service', pkg)
    .filter(([name]) => serviceNames?.includes(name) ?? true)
    .map(([name, rpcs]) => ({
      name,
      rpcs: rpcs.map((rpc) => ({
        key: camelCase(rpc.name),
        name: rpc.name,
        request: rpc.req,
        response: rpc.resp,
        isStream: rpc.serverStream === true,
      })),
    }));
  /** A name inside a message is looked for there first, then outwards, as protobuf does. */
  const find = (type: string, within: string): string => {
    const bare = type.replace(/^\./, '');
    if (scalars.has(bare) || bare in wellKnown) return bare;
    const scopes = within.split('.').map((_, depth, parts) => parts.slice(0, parts.length - depth).join('.'));
    const found = [...scopes.map((scope) => `${scope}.${bare}`), bare].find(
      (name) => messages.has(name) || enums.has(name),
    );
    if (found === undefined) throw new Error(`${pkg}.${within} has a field of type ${type}, which is nowhere`);
    return found;
  };
  const fieldsOf = (name: string): readonly FieldFact[] => wellKnown[name] ?? messages.get(name) ?? [];
  const needed = new Set<string>();
  const need = (name: string): void => {
    if (needed.has(name) || scalars.has(name)) return;
    needed.add(name);
    for (const field of fieldsOf(name)) need(find(valueType(field.type), name));
  };
  if (serviceNames) {
    for (const { rpcs } of services) for (const { request, response } of rpcs) [request, response].forEach(need);
  } else {
    for (const name of [...messages.keys(), ...enums.keys()]) need(name);
  }
  const isNeeded = ([name]: readonly [string, unknown]): boolean => needed.has(name);
  return {
    services,
    enums: [...enums].filter(isNeeded).map(([name, values]) => [joined(name), values]),
    messages: [...messages, ...Object.entries(wellKnown)].filter(isNeeded).map(([name, fields]) => [
      joined(name),
      fields.map((field) => {
        const type = find(valueType(field.type), name);
        return {
          name: camelCase(field.name),
          number: field.num,
          type: joined(type),
          count: field.type.startsWith('map<') ? 'map' : (field.label ?? 'single'),
          isMessage: !scalars.has(type) && !enums.has(type),
        };
      }),
    ]),
  };
}

/** `message csi.v1.VolumeCapability.AccessMode` of `csi.v1` is `VolumeCapability.AccessMode`. */
function entriesOf<T>(
  facts: Readonly<Record<string, unknown>>,
  keyword: string,
  pkg: string,
): readonly (readonly [name: string, fact: T])[] {
  const start = `${keyword} ${pkg}.`;
  return Object.entries(facts)
    .filter(([key]) => key.startsWith(start))
    .map(([key, fact]) => [key.slice(start.length), fact as T]);
}

const valueType = (type: string): string => /^map<\w+,(\w+)>$/.exec(type)?.[1] ?? type;

/** `VolumeCapability.AccessMode` is VolumeCapabilityAccessMode; protobuf's own go by their last name. */
const joined = (name: string): string => name.replace(/^google\.protobuf\./, '').replaceAll('.', '');

/** `pod_sandbox_id` is podSandboxId, `CDI_devices` cdiDevices, `Avg10` avg10. */
function camelCase(name: string): string {
  const [first = '', ...rest] = name.split('_');
  const start = first === first.toUpperCase() ? first.toLowerCase() : first.charAt(0).toLowerCase() + first.slice(1);
  return start + rest.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
}
