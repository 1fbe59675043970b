import fc from 'fast-check';
import { jsonPatch, readJson, type Schemas, strategicMergePatch, writeJson } from '@navarch/machinery';
import { type Answer, attempt, type Case, errorsAlike } from '../case.ts';
import { mapJson } from '../map-json.ts';
import { longIntegers } from '../integers.ts';

const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });
const record = (model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .record(Object.fromEntries(Object.entries(model).map(([name, value]) => [name, some(value)])))
    .map((made) => readJson(writeJson(made)) as Record<string, unknown>);
const word = fc.constantFrom('a', 'b', 'c');

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    word,
    fc.constant(null),
    fc.nat({ max: 2 }),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(word, tie('node'), { maxKeys: 3 }),
  ),
}))['node'] as fc.Arbitrary<unknown>;
const container = fc.oneof(fc.dictionary(word, value, { maxKeys: 3 }), fc.array(value, { maxLength: 3 }));
const pointer = fc
  .array(fc.constantFrom('a', 'b', '0', '1', '-', '-1', '2', 'a~1b', '01'), { maxLength: 3 })
  .map((parts) => parts.map((part) => `/${part}`).join(''));
const operation = fc.record({
  op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
  path: pointer,
  from: pointer,
  value,
});

/** A pod or a patch of one; `$` directives and nulls only in patches. */
function pods(isPatch: boolean): fc.Arbitrary<Record<string, unknown>> {
  const or = <T>(arbitrary: fc.Arbitrary<T>, ...others: readonly unknown[]): fc.Arbitrary<unknown> =>
    isPatch
      ? fc.oneof(
          { weight: 6, arbitrary: arbitrary as fc.Arbitrary<unknown> },
          ...others.map((o) => ({ weight: 1, arbitrary: fc.constant(o) })),
        )
      : arbitrary;
  const listOf = (
    key: string,
    keys: readonly unknown[],
    rest: Record<string, fc.Arbitrary<unknown>>,
  ): fc.Arbitrary<unknown> =>
    fc.shuffledSubarray([...keys]).chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          or(
            record(rest).map((made) => ({ [key]: name, ...made })),
            { [key]: name, $patch: 'delete' },
            { [key]: name, $patch: 'replace' },
          ),
        ),
      ),
    );
  const orderOf = (key: string, keys: readonly unknown[]): fc.Arbitrary<unknown> =>
    fc.shuffledSubarray([...keys], { minLength: keys.length }).map((names) => names.map((name) => ({ [key]: name })));
  const labels = or(fc.dictionary(word, or(word, null) as fc.Arbitrary<unknown>), null);
  const patchOnly = (model: Record<string, fc.Arbitrary<unknown>>): Record<string, fc.Arbitrary<unknown>> =>
    isPatch ? model : {};
  return record({
    metadata: record({
      labels,
      annotations: labels,
      ...(isPatch ? { finalizers: fc.uniqueArray(word) } : {}),
      ...patchOnly({
        '$deleteFromPrimitiveList/finalizers': fc.uniqueArray(word),
        '$setElementOrder/finalizers': fc.shuffledSubarray(['a', 'b', 'c'], { minLength: 3 }),
      }),
    })
      // With nothing to delete from, what upstream does depends on the order in which Go walks a map.
      .chain((made) =>
        isPatch ? fc.constant(consistent(made)) : fc.uniqueArray(word).map((finalizers) => ({ ...made, finalizers })),
      ),
    spec: record({
      containers: listOf('name', ['x', 'y', 'z'], {
        image: or(word, null),
        command: or(fc.array(word, { maxLength: 2 }), null),
        env: listOf('name', ['A', 'B'], { value: word }),
        ports: listOf('containerPort', [80, 81], { name: word, hostPort: fc.nat({ max: 3 }) }),
      }),
      nodeName: or(word, null),
      nodeSelector: labels,
      tolerations: fc.array(record({ key: word }), { maxLength: 2 }),
      volumes: listOf('name', ['v', 'w'], {
        emptyDir: or(fc.constant({}), null),
        ...patchOnly({ $retainKeys: fc.constant(['name', 'emptyDir']) }),
      }),
      securityContext: or(
        record({ runAsUser: fc.oneof(fc.nat({ max: 3 }), longIntegers) }),
        null,
        { $patch: 'delete' },
        { $patch: 'replace', runAsUser: 9 },
      ),
      ...patchOnly({
        '$setElementOrder/containers': orderOf('name', ['x', 'y', 'z']),
        '$setElementOrder/volumes': orderOf('name', ['v', 'w']),
      }),
    }),
  });
}

export const patchCases = (schemas: Schemas): Readonly<Record<string, fc.Arbitrary<Case>>> => ({
  strategic: fc.tuple(pods(false), pods(true)).map(([target, patch]): Case => ({
    request: { op: 'strategic', type: 'Pod', target, patch },
    ours: () => attempt(() => apply(schemas, target, patch)),
    // Directives that found nothing to direct, and nulls, stay in the result there (decoding drops them); here they go.
    // Two empty lists and an order that contradicts itself are errors there.
    theirs: (answer) =>
      'error' in answer && /no elements in any|doesn't match \$setElementOrder/.test(answer.error)
        ? attempt(() => apply(schemas, target, patch))
        : (mapJson(answer, (_, part) =>
            isRecord(part)
              ? Object.fromEntries(
                  Object.entries(part).filter(
                    ([name, item]) =>
                      item !== null &&
                      !name.startsWith('$setElementOrder') &&
                      !name.startsWith('$deleteFrom') &&
                      name !== '$retainKeys',
                  ),
                )
              : Array.isArray(part)
                ? part.filter((item) => !(isRecord(item) && '$patch' in item))
                : part,
          ) as Answer),
  })),
  jsonPatch: fc.tuple(container, fc.array(operation, { minLength: 1, maxLength: 3 })).map(([target, patch]): Case => ({
    request: { op: 'jsonPatch', target, patch },
    ours: () => errorsAlike(attempt(() => jsonPatch(target, patch))),
    theirs: errorsAlike,
  })),
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const apply = (schemas: Schemas, target: unknown, patch: unknown): unknown =>
  strategicMergePatch(target, patch, schemas.object('io.k8s.api.core.v1.Pod'));

/** No sane client asks to delete what it adds. */
function consistent(meta: Record<string, unknown>): Record<string, unknown> {
  const added = (meta['finalizers'] ?? []) as readonly unknown[];
  const gone = meta['$deleteFromPrimitiveList/finalizers'] as readonly unknown[] | undefined;
  return gone ? { ...meta, '$deleteFromPrimitiveList/finalizers': gone.filter((one) => !added.includes(one)) } : meta;
}
