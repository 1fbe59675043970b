import { type Clock, type Logger, type Metrics, noMetrics, type TaskGroup } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { Files } from '../ports.ts';
import { ClaimDevices } from './claim-devices.ts';
import { DraDrivers } from './dra-drivers.ts';
import type { DraSockets } from './ports.ts';
import { PreparedClaims } from './prepared-claims.ts';

export interface StartDraDeps {
  readonly api: Api;
  readonly files: Files;
  readonly dirs: { readonly root: string };
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly draSockets: DraSockets;
  readonly resourceMetrics?: Metrics;
  changed(): void;
}

export interface Dra {
  /** A kind of plugin. */
  readonly drivers: DraDrivers;
  readonly claims: ClaimDevices;
}

/** Devices that pods claim: those who drive them, and what they made ready. Throws SettingError. */
export async function startDra(deps: StartDraDeps, group: TaskGroup): Promise<Dra> {
  const { files, dirs, draSockets: sockets, resourceMetrics: metrics = noMetrics } = deps;
  const claims = new PreparedClaims(files, dirs.root);
  await claims.load();
  const drivers = new DraDrivers({ ...deps, sockets }, group);
  return { drivers, claims: new ClaimDevices({ ...deps, drivers, claims, metrics }) };
}
