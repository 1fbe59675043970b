import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { protobuf, protobufEncoder, schemas, typeFacts } from '@navarch/api';
import { decode, envelope, equalJson, type TypeFacts } from '@navarch/machinery';
import { parseYaml } from '@navarch/node/yaml';
import { formatYaml } from '../../packages/apiserver/src/representation/format-yaml.ts';
import { moduleFolder } from '../go.ts';
import type { Oracle } from '../oracle.ts';

type Kinded = { readonly apiVersion: string; readonly kind: string };

const WATCH_EVENT = 'core.v1.WatchEvent';
/** Options and watch events are in every group; the module shows them in this one. */
const IN_EVERY_GROUP = /^(?:\w+Options|WatchEvent)$/;

/** The module's own examples of every kind, with every field filled in: each form read, and written again, byte for byte. */
export const testdataOracle: Oracle = {
  name: 'testdata',
  async run({ say }) {
    const folder = join(await moduleFolder('k8s.io/api'), 'testdata/HEAD');
    const types = typesByName();
    const names = globSync('*.json', { cwd: folder })
      .map((path) => basename(path, '.json'))
      .sort();
    const gone = names.filter((name) => !types.has(name));
    let failed = 0;
    for (const name of names) {
      const type = types.get(name);
      const problems =
        type === undefined
          ? []
          : name === WATCH_EVENT
            ? eventDifferences(join(folder, name))
            : differences(join(folder, name), type);
      if (problems.length > 0) failed += 1;
      for (const problem of problems) say(`FAIL ${name}: ${problem}`);
    }
    say(
      `${names.length - gone.length} kinds in three forms from ${folder}; ${gone.length} that 1.37 does not serve: ${gone.join(', ')}`,
    );
    return { passed: names.length - gone.length - failed, failed };
  },
};

/** Types by the names that the files have: `core.v1.Pod`. */
function typesByName(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(typeFacts as Readonly<Record<string, TypeFacts>>).flatMap(
      ([type, { gvk }]): readonly (readonly [string, string])[] => {
        if (!gvk) return [];
        const [group = '', version = '', kind = ''] = gvk;
        return IN_EVERY_GROUP.test(kind)
          ? [[`core.v1.${kind}`, type]]
          : [[`${group || 'core'}.${version}.${kind}`, type]];
      },
    ),
  );
}

function differences(path: string, type: string): readonly string[] {
  const [json, yaml, bytes] = [
    readFileSync(`${path}.json`, 'utf8'),
    readFileSync(`${path}.yaml`, 'utf8'),
    readFileSync(`${path}.pb`),
  ];
  const problems: string[] = [];
  const forms: readonly (readonly [name: string, read: () => unknown])[] = [
    ['JSON', () => JSON.parse(json)],
    ['YAML', () => parseYaml(yaml)],
    ['protobuf', () => protobuf.decode(bytes)],
  ];
  for (const [form, read] of forms) {
    try {
      const { value, unknownFields } = decode(schemas.object(type), read());
      if (unknownFields.length > 0) problems.push(`${form} has fields nobody knows: ${unknownFields.join(', ')}`);
      if (`${JSON.stringify(value, undefined, 2)}`.trim() !== json.trim())
        problems.push(`${form} to JSON: another text`);
      if (formatYaml(value) !== yaml) problems.push(`${form} to YAML: another text`);
      if (!bytes.equals(protobufEncoder.encode(value as unknown as Kinded, type)))
        problems.push(`${form} to protobuf: other bytes`);
    } catch (error) {
      problems.push(`${form}: ${(error as Error).message}`);
    }
  }
  return problems;
}

/** A watch event says nothing of itself: it is what stands between the lengths of a stream. */
function eventDifferences(path: string): readonly string[] {
  const [json, yaml, bytes] = [
    readFileSync(`${path}.json`, 'utf8'),
    readFileSync(`${path}.yaml`, 'utf8'),
    readFileSync(`${path}.pb`),
  ];
  const event = JSON.parse(json) as { readonly type: string; readonly object: unknown };
  const bare = protobufEncoder.watchEvent(event.type, Buffer.from(JSON.stringify(event.object)));
  const read = [parseYaml(yaml), protobuf.decodeEvent(bare)];
  return [
    ...(bytes.equals(envelope('', '', bare)) ? [] : ['JSON to protobuf: other bytes']),
    ...(formatYaml(event) === yaml ? [] : ['JSON to YAML: another text']),
    ...read.filter((value) => !equalJson(value, event)).map((value) => `another value: ${JSON.stringify(value)}`),
  ];
}
