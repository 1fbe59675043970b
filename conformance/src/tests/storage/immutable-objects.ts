import assert from 'node:assert/strict';
import { configMap, secret } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';

/** What config maps and secrets have in common. */
interface Kept {
  readonly metadata: { readonly resourceVersion?: string };
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>>;
}

interface Verbs<O extends Kept> {
  create(data: Readonly<Record<string, string>>): Promise<O>;
  get(): Promise<O>;
  replace(object: O): Promise<O>;
  remove(): Promise<void>;
}

/** Data change until the object says that they do not; from then on only its metadata do. */
async function becomesImmutable<O extends Kept>(
  { create, get, replace, remove }: Verbs<O>,
  value: (n: number) => string,
): Promise<void> {
  const isRefused = async (change: (object: O) => O): Promise<void> => {
    const current = await get();
    await assert.rejects(replace(change(current)), (error) => hasReason(error, 'Invalid'));
  };
  const made = await create(Object.fromEntries([1, 2, 3].map((n) => [`data-${n}`, value(n)])));
  const grown = await replace({ ...made, data: { ...made.data, 'data-4': value(4) } });
  await replace({ ...grown, immutable: true });
  await isRefused((object) => ({ ...object, data: { ...object.data, 'data-5': value(5) } }));
  assert.equal((await get()).immutable, true);
  await isRefused((object) => ({ ...object, immutable: false }));
  const current = await get();
  await replace({ ...current, metadata: { ...current.metadata, labels: { label1: 'value1' } } });
  await remove();
}

const at = ({
  namespace,
}: TestContext): { readonly metadata: { readonly name: string; readonly namespace: string } } => ({
  metadata: { name: 'immutable', namespace },
});

export const immutableObjectTests = [
  conformanceTest('[sig-storage] ConfigMap should be immutable if `immutable` field is set', async (context) => {
    const api = context.api.of(configMap);
    const key = `${context.namespace}/immutable`;
    await becomesImmutable(
      {
        create: (data) => api.create({ ...at(context), data: { ...data } }),
        get: () => api.get(key),
        replace: (object) => api.replace(object),
        remove: () => api.delete(key),
      },
      (n) => `value-${n}`,
    );
  }),
  conformanceTest('[sig-storage] Secrets should be immutable if `immutable` field is set', async (context) => {
    const api = context.api.of(secret);
    const key = `${context.namespace}/immutable`;
    await becomesImmutable(
      {
        create: (data) => api.create({ ...at(context), data: { ...data } }),
        get: () => api.get(key),
        replace: (object) => api.replace(object),
        remove: () => api.delete(key),
      },
      (n) => Buffer.from(`value-${n}\n`).toString('base64'),
    );
  }),
];
