import type { csiDriver, Node, Pod, Secret, volumeAttachment } from '@navarch/api';
import type { ObjectOf } from '@navarch/machinery';

export type DriverObject = ObjectOf<typeof csiDriver>;
export type Attachment = ObjectOf<typeof volumeAttachment>;

interface IssuedToken {
  readonly token: string;
  /** Wall clock, milliseconds. */
  readonly expiresAt: number;
}

/** What is asked of the cluster for volumes of drivers. What does not exist is undefined. */
export interface CsiCluster {
  driverObject(name: string): Promise<DriverObject | undefined>;
  attachment(name: string): Promise<Attachment | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  token(pod: Pod, audience: string, expirationSeconds: number): Promise<IssuedToken>;
  /** As it was seen last. */
  node(): Node | undefined;
  /** Changes the status of a pod's claim; a claim that is gone stays so. */
  updateClaim(key: string, change: (status: ClaimStatus) => ClaimStatus): Promise<void>;
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface ClaimStatus {
  readonly capacity?: Readonly<Record<string, string>>;
  readonly allocatedResourceStatuses?: Readonly<Record<string, string>>;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}
