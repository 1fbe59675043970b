import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf } from '../../columns.ts';
import type { ComponentStatus } from '../../generated/types/core-v1.ts';

/** Whether a part of the control plane is well. Computed when somebody asks, never stored; upstream advises against it since 1.19. */
export const componentStatus: Kind<ComponentStatus> = builtIn<ComponentStatus>('/v1.ComponentStatus', {
  deprecated: { since: '1.19' },
  columns: columnsOf('/ComponentStatus', {
    Status: (c) => (healthOf(c)?.status === 'True' ? 'Healthy' : healthOf(c) ? 'Unhealthy' : 'Unknown'),
    Message: (c) => healthOf(c)?.message ?? '',
    Error: (c) => healthOf(c)?.error ?? '',
  }),
});

const healthOf = ({ conditions }: ComponentStatus): NonNullable<ComponentStatus['conditions']>[number] | undefined =>
  conditions?.find(({ type }) => type === 'Healthy');
