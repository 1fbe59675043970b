import type { TestContext } from './conformance-test.ts';
import type { Json } from './rest.ts';

/** A watch of one kind's objects, read line by line as JSON. */
export function watchLines(context: TestContext, path: string): { readonly events: readonly Json[] } {
  const stop = new AbortController();
  context.cleanup(async () => stop.abort(new Error('the test is over')));
  const events: Json[] = [];
  const read = async (): Promise<void> => {
    const { body } = await context.transport.send(
      { method: 'GET', path, headers: { accept: 'application/json' }, isStream: true },
      AbortSignal.any([stop.signal, context.signal]),
    );
    let rest = '';
    for await (const chunk of body) {
      const lines = (rest + Buffer.from(chunk).toString()).split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.map((line) => JSON.parse(line) as Json));
    }
  };
  read().catch(() => undefined); // Whoever waits for an event is told that it did not come.
  return { events };
}
