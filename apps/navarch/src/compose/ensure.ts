import type { Api } from '@navarch/client';
import { type ApiObject, type Draft, equalJson, hasReason, keyOf, type Kind } from '@navarch/machinery';

/** Makes the object unless there is one of its name; what people changed in it stays. */
export async function ensure<O extends ApiObject>(api: Api, kind: Kind<O>, draft: Draft<O>): Promise<void> {
  try {
    await api.of(kind).get(keyOf(draft as O));
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    await api.of(kind).create(draft);
  }
}

/** As `ensure`, and puts one field back to what is given. */
export async function restore<O extends ApiObject>(
  api: Api,
  kind: Kind<O>,
  draft: Draft<O>,
  field: keyof O & string,
): Promise<void> {
  await ensure(api, kind, draft);
  const wanted = (draft as Partial<O>)[field];
  await api
    .of(kind)
    .update(keyOf(draft as O), (current) =>
      equalJson(current[field], wanted) ? current : { ...current, [field]: wanted },
    );
}
