import type { DRAResourceHealth } from '../dra-health/generated/types.ts';
import type { DRAPlugin } from './generated/types.ts';

/** Versions of the protocol, as drivers name them; newest first. */
export const DRA_SERVICES = ['v1.DRAPlugin', 'v1beta1.DRAPlugin'] as const;
export const HEALTH_SERVICES = ['v1.DRAResourceHealth', 'v1alpha1.DRAResourceHealth'] as const;
type DraService = (typeof DRA_SERVICES)[number];
export type HealthService = (typeof HEALTH_SERVICES)[number];

/** Drivers of claims on the node, over their sockets. Calls throw RpcError. */
export interface DraSockets {
  connect(endpoint: string, service: DraService): DRAPlugin & Disposable;
  connectHealth(endpoint: string, service: HealthService): DRAResourceHealth & Disposable;
}
