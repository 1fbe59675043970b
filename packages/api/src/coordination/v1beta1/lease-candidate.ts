import { configKeyErrors, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { compareVersions, parseVersion } from '../../checks/semantic-version.ts';
import { unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { LeaseCandidate } from '../../generated/types/coordination-v1beta1.ts';
import { leaseStrategy, OLDEST_EMULATION_VERSION } from '../v1/lease-strategy.ts';

/** Who would like to hold a lease, for the server to choose from (KEP-4355). */
export const leaseCandidate: Kind<LeaseCandidate> = builtIn<LeaseCandidate>(
  'coordination.k8s.io/v1beta1.LeaseCandidate',
  {
    columns: columnsOf('coordination.k8s.io/LeaseCandidate', {
      LeaseName: (c) => c.spec.leaseName,
      BinaryVersion: (c) => c.spec.binaryVersion,
      EmulationVersion: (c) => c.spec.emulationVersion ?? '',
    }),
    selectableFields: { 'spec.leaseName': (c) => c.spec.leaseName },
    behaviour: {
      desired: false,
      createsOnUpdate: true,
      updatesUnconditionally: false,
      validateName: configKeyErrors,
      validate: ({ spec }, at) => validateSpec(spec, at.at('spec')),
      validateUpdate: (next, previous, at) =>
        unchanged(next.spec.leaseName, previous.spec.leaseName, at.at('spec', 'leaseName')),
    },
  },
);

function validateSpec(
  { leaseName, emulationVersion, binaryVersion, strategy }: LeaseCandidate['spec'],
  at: Field,
): void {
  if (!leaseName) at.at('leaseName').required();
  const emulated = emulationVersion ? parseVersion(emulationVersion) : undefined;
  if (emulationVersion && !emulated)
    at.at('emulationVersion').invalid(emulationVersion, 'must be a valid semantic version');
  const binary = binaryVersion ? parseVersion(binaryVersion) : undefined;
  if (!binaryVersion) at.at('binaryVersion').required();
  else if (!binary) at.at('binaryVersion').invalid(binaryVersion, 'must be a valid semantic version');
  if (binaryVersion && emulationVersion && compareVersions(binary, emulated) < 0) {
    at.at('binaryVersion').invalid(binaryVersion, 'must be greater than or equal to `emulationVersion`');
  }
  if (!strategy) return at.at('strategy').required();
  if (strategy === OLDEST_EMULATION_VERSION && compareVersions(emulated, undefined) === 0) {
    at.at('emulationVersion').required(`must be specified when \`strategy\` is '${OLDEST_EMULATION_VERSION}'`);
  }
  leaseStrategy(strategy, at.at('strategy'));
}
