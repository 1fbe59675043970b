import fc from 'fast-check';
import {
  applyConfig,
  entriesOf,
  type ObjectSchema,
  type Owner,
  ownersAfterUpdate,
  readJson,
  type Schemas,
  writeJson,
} from '@navarch/machinery';
import { attempt, type Case } from '../case.ts';

type Json = Record<string, unknown>;
interface Step {
  readonly verb: 'apply' | 'update';
  readonly manager: string;
  readonly force: boolean;
  readonly object: Json;
}

const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });
const record = (model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Json> =>
  fc
    .record(Object.fromEntries(Object.entries(model).map(([name, value]) => [name, some(value)])))
    .map((made) => readJson(writeJson(made)) as Json);
const listOf = (
  key: string,
  keys: readonly unknown[],
  rest: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<readonly Json[]> =>
  fc
    .shuffledSubarray([...keys])
    .chain((names) => fc.tuple(...names.map((name) => record(rest).map((made) => ({ [key]: name, ...made })))));
const word = fc.constantFrom('a', 'b', 'c');
const labels = fc.dictionary(word, word);
const number = fc.integer({ min: 0, max: 3 });

const container = {
  image: word,
  command: fc.array(word, { maxLength: 2 }),
  tty: fc.boolean(),
  env: listOf('name', ['A', 'B', 'C'], { value: word }),
  ports: listOf('containerPort', [80, 81], { name: word, hostPort: number, protocol: fc.constant('TCP') }),
  resources: record({ limits: fc.dictionary(fc.constantFrom('cpu', 'memory'), fc.constantFrom('1', '2')) }),
};
const podSpec = {
  containers: listOf('name', ['x', 'y', 'z'], container),
  nodeName: word,
  nodeSelector: labels,
  hostNetwork: fc.boolean(),
  volumes: listOf('name', ['v', 'w'], {
    emptyDir: fc.constant({}),
    configMap: record({ name: word, optional: fc.boolean() }),
  }),
  tolerations: fc.array(record({ key: word, operator: fc.constant('Exists') }), { maxLength: 2 }),
  securityContext: record({ runAsUser: number }),
};
const metadata = record({ labels, annotations: labels, finalizers: fc.uniqueArray(word) }).map((made) => ({
  name: 'n',
  namespace: 'd',
  ...made,
}));

const objects: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  Pod: record({ spec: record(podSpec) }),
  Deployment: record({
    spec: record({
      replicas: number,
      selector: record({ matchLabels: labels }),
      paused: fc.boolean(),
      template: record({ metadata: record({ labels }), spec: record(podSpec) }),
      strategy: record({ type: word, rollingUpdate: record({ maxSurge: number }) }),
    }),
  }),
  Service: record({
    spec: record({
      ports: listOf('port', [80, 81], { protocol: fc.constantFrom('TCP', 'UDP'), name: word, targetPort: number }),
      selector: labels,
      externalIPs: fc.array(word),
    }),
    status: record({ conditions: listOf('type', ['A', 'B'], { status: word }) }),
  }),
};
const apiVersions: Readonly<Record<string, string>> = { Pod: 'v1', Deployment: 'apps/v1', Service: 'v1' };
const types: Readonly<Record<string, string>> = {
  Pod: 'io.k8s.api.core.v1.Pod',
  Deployment: 'io.k8s.api.apps.v1.Deployment',
  Service: 'io.k8s.api.core.v1.Service',
};

/** With one value of another kind than its place takes, or one too many. */
const misfit = (object: Json): fc.Arbitrary<Json> => {
  const places = placesIn(object).filter(([first]) => first === 'spec' || first === 'status');
  if (places.length === 0) return fc.constant(object);
  const wrong = fc.constantFrom<unknown>(1, 'x', true, ['x'], { x: 1 }, [{ x: 'y' }], 1.5);
  return fc.tuple(fc.constantFrom(...places), wrong).map(([path, value]) => {
    const made = structuredClone(object);
    let at: Record<string | number, unknown> = made;
    for (const step of path.slice(0, -1)) at = at[step] as Json;
    at[path.at(-1) as string] = value;
    return made;
  });
};

function placesIn(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  const own = path.length === 0 ? [] : [path];
  if (typeof value !== 'object' || value === null) return own;
  return [
    ...own,
    ...Object.keys(value).flatMap((name) =>
      placesIn((value as Json)[name], [...path, Array.isArray(value) ? Number(name) : name]),
    ),
  ];
}

const stepsOf = (kind: string): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc
      .record({
        verb: fc.constantFrom('apply' as const, 'apply' as const, 'update' as const),
        manager: fc.constantFrom('m1', 'm2', 'm3'),
        force: fc.boolean(),
        object: fc
          .tuple(objects[kind] as fc.Arbitrary<Json>, metadata)
          .map(([rest, meta]) => ({ apiVersion: apiVersions[kind], kind, metadata: meta, ...rest })),
      })
      .chain((step) =>
        step.verb === 'apply'
          ? fc.oneof(
              { weight: 3, arbitrary: fc.constant(step) },
              { weight: 1, arbitrary: misfit(step.object).map((object) => ({ ...step, object })) },
            )
          : fc.constant(step),
      ),
    { minLength: 1, maxLength: 6 },
  );

/** Sequences of applies and updates by several managers: the object and its owners after each. */
export const applyCases = (schemas: Schemas): Readonly<Record<string, fc.Arbitrary<Case>>> =>
  Object.fromEntries(
    Object.keys(objects).map((kind) => [
      `apply ${kind}`,
      stepsOf(kind).map((steps): Case => ({
        request: { op: 'apply', type: kind, steps },
        ours: () => attempt(() => play(kind, schemas.object(types[kind] ?? ''), steps)),
      })),
    ]),
  );

function play(kind: string, schema: ObjectSchema, steps: readonly Step[]): unknown {
  const empty: Json = { apiVersion: apiVersions[kind], kind };
  let live = empty;
  let owners: readonly Owner[] = [];
  return steps.map(({ verb, manager, force, object }) => {
    const write = {
      schema,
      live,
      owners,
      writer: { manager, apiVersion: apiVersions[kind] ?? '', subresource: '', time: '' },
      ignored: {},
    };
    let error = '';
    try {
      if (verb === 'update') {
        owners = ownersAfterUpdate(write, object);
        live = object;
      } else {
        const applied = applyConfig({ ...write, empty, config: object, force });
        owners = applied.owners;
        live = applied.object as Json;
      }
    } catch (thrown) {
      error = (thrown as Error).message;
    }
    return { error, live, owners: entriesOf(owners).map(({ time: _, ...entry }) => entry) };
  });
}
