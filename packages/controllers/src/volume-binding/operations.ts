import type { Clock, Metrics } from '@navarch/base';
import { count, spread } from '../shared/measure.ts';
import {
  BIND_COMPLETED,
  type Claim,
  isMarked,
  PROVISIONED_BY,
  STORAGE_PROVISIONER,
  type Volume,
} from '../shared/volume-marks.ts';

const SECONDS = spread(
  'volume_operation_total_seconds',
  '[ALPHA] How long it took until a volume was made and bound, or gone, from when it was asked for, in seconds',
  [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600],
);
const ERRORS = count('volume_operation_errors_total', '[ALPHA] Volumes that could not be made or deleted');

type Operation = 'provision' | 'delete';

interface Begun {
  readonly operation: Operation;
  readonly plugin: string;
  /** Monotonic ms. */
  readonly atMs: number;
}

interface Seen {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Since when volumes are being made and deleted. What is not remembered, since another led then, counts from when it is
 * seen here.
 */
export class VolumeOperations {
  /** By the key of the claim or volume: as many as there are under way. */
  readonly #begun = new Map<string, Begun>();

  /** A claim as it is now; undefined: it is gone. */
  claim(key: string, claim: Claim | undefined, seen: Seen): void {
    if (!claim) this.#begun.delete(key);
    else if (isMarked(claim, BIND_COMPLETED)) this.#over(key, seen);
    else this.#under(key, 'provision', claim.metadata.annotations?.[STORAGE_PROVISIONER], seen);
  }

  /** A volume as it is now; undefined: it is gone. */
  volume(key: string, volume: Volume | undefined, seen: Seen): void {
    if (!volume) return this.#over(key, seen);
    const { phase } = volume.status;
    if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') this.#begun.delete(key);
    else if (phase === 'Released') this.#under(key, 'delete', deleterOf(volume), seen);
  }

  #under(key: string, operation: Operation, plugin: string | undefined, { clock }: Seen): void {
    if (plugin !== undefined && !this.#begun.has(key))
      this.#begun.set(key, { operation, plugin, atMs: clock.monotonic() });
  }

  #over(key: string, { clock, metrics }: Seen): void {
    const begun = this.#begun.get(key);
    if (!begun) return;
    this.#begun.delete(key);
    const labels = { operation_name: begun.operation, plugin_name: begun.plugin };
    SECONDS.observe(metrics, (clock.monotonic() - begun.atMs) / 1000, labels);
  }
}

/** Nobody is there who could delete the volume. */
export const countUndeletable = (metrics: Metrics): void =>
  ERRORS.add(metrics, { operation_name: 'delete', plugin_name: 'N/A' });

/** Who made the volume, and is to delete it. */
const deleterOf = ({ metadata, spec }: Volume): string | undefined =>
  spec.csi?.driver ?? metadata.annotations?.[PROVISIONED_BY];
