import assert from 'node:assert/strict';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { Converted, type Version } from '../../converted-kind.ts';
import { type Json, rest } from '../../rest.ts';
import { until } from '../../until.ts';
import { watchLines } from '../../watch-lines.ts';

const EVENTS_MS = 30_000;

/** What is asked of objects in a version, and which of those below it finds at first. */
const SELECTIONS = [
  { version: 'v2', selector: 'host=host1', finds: ['first', 'second'] },
  { version: 'v2', selector: 'host=host1,port=80', finds: ['first'] },
  { version: 'v1', selector: 'hostPort=host1:80', finds: ['first'] },
  { version: 'v1', selector: 'hostPort=host1:8080', finds: ['second'] },
] as const;

const OBJECTS = {
  first: { host: 'host1', port: '80' },
  second: { host: 'host1', port: '8080' },
  third: { host: 'host2' },
};

class Selected {
  readonly #context: TestContext;
  readonly #converted: Converted;

  constructor(context: TestContext, converted: Converted) {
    this.#context = context;
    this.#converted = converted;
  }

  path(version: Version, selector: string): string {
    return `${this.#converted.path(version)}?fieldSelector=${encodeURIComponent(selector)}`;
  }

  async names(version: Version, selector: string): Promise<readonly string[]> {
    const { items } = await rest(this.#context).get(this.path(version, selector));
    return items.map(({ metadata }: Json) => metadata.name).toSorted();
  }

  /** Watches as clients do that keep a copy: from the list on. */
  async follow(version: Version, selector: string): Promise<{ readonly events: readonly Json[] }> {
    const { metadata } = await rest(this.#context).get(this.path(version, selector));
    const since = `resourceVersion=${metadata.resourceVersion}&allowWatchBookmarks=true`;
    return watchLines(this.#context, `${this.path(version, selector)}&watch=true&${since}`);
  }
}

const named = (events: readonly Json[], type: string): readonly string[] =>
  events
    .filter((event) => event.type === type)
    .map(({ object }) => object.metadata.name as string)
    .toSorted();

export const fieldSelectorTests = [
  conformanceTest(
    '[sig-api-machinery] CustomResourceFieldSelectors CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector',
    async (context) => {
      const converted = await Converted.define(context);
      const selected = new Selected(context, converted);
      const watches = await Promise.all(
        SELECTIONS.flatMap(({ version, selector, finds }) => [
          Promise.resolve({
            ...watchLines(context, `${selected.path(version, selector)}&watch=true`),
            selector,
            finds,
          }),
          selected.follow(version, selector).then((watch) => ({ ...watch, selector, finds })),
        ]),
      );
      for (const [name, fields] of Object.entries(OBJECTS)) {
        assert.equal(await converted.create('v2', name, fields), 201);
      }
      for (const { version, selector, finds } of SELECTIONS) {
        assert.deepEqual(await selected.names(version, selector), finds, selector);
      }
      const come = (what: string, type: string): Promise<void> =>
        until(context, `the ${what} in every watch`, EVENTS_MS, async () =>
          watches.every(({ events, finds }) => named(events, type).length >= finds.length),
        );
      await come('objects', 'ADDED');
      for (const { events, selector, finds } of watches) assert.deepEqual(named(events, 'ADDED'), finds, selector);

      const { delete: remove, patch } = rest(context);
      await remove(selected.path('v2', 'host=host1,port=80'));
      await patch(`${converted.path('v2')}/second`, 'merge', { host: 'host2' });
      for (const { version, selector } of SELECTIONS) {
        assert.deepEqual(await selected.names(version, selector), [], `${selector} afterwards`);
      }
      await come('ends', 'DELETED');
      for (const { events, selector, finds } of watches) assert.deepEqual(named(events, 'DELETED'), finds, selector);
      await assert.rejects(
        rest(context).get(selected.path('v1', 'host=host1')),
        /field label not supported/,
        'not selectable in this version',
      );
    },
  ),
];
