import { DEFAULT_STORAGE_CLASS, defaultClassOf, persistentVolumeClaim, storageClass } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { count } from '../shared/measure.ts';
import { asksForClass, type Claim } from '../shared/volume-marks.ts';

const GIVEN = count(
  'retroactive_storageclass_total',
  '[ALPHA] Claims that were given the default storage class after they were made',
);
const FAILED = count(
  'retroactive_storageclass_errors_total',
  '[ALPHA] Claims that could not be given the default storage class after they were made',
);

/** Gives a claim that asks for no class, and found no volume without one, the default class of now (KEP-3333). */
export async function giveDefaultClass(claim: Claim, { api, cache, metrics }: Context): Promise<boolean> {
  if (asksForClass(claim)) return false;
  const found = defaultClassOf(cache.list(storageClass), DEFAULT_STORAGE_CLASS);
  if (!found) return false;
  try {
    await api
      .of(persistentVolumeClaim)
      .update(keyOf(claim), (current) =>
        current.metadata.uid === claim.metadata.uid && !asksForClass(current)
          ? { ...current, spec: { ...current.spec, storageClassName: found.metadata.name } }
          : current,
      );
  } catch (error) {
    FAILED.add(metrics);
    throw error;
  }
  GIVEN.add(metrics);
  return true;
}
