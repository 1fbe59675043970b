import type {
  Capabilities,
  ClusterTrustBundleProjection,
  NodeAddress,
  PodResourceClaim,
  SeccompProfile,
  SecurityContext,
  SELinuxOptions,
  ServicePort,
  Taint,
  WindowsSecurityContextOptions,
} from '../../generated/types/core-v1.ts';

// Upstream shows a refused value as its own memory has it: every field, by its name in Go, absence as null.

type Shown = Readonly<Record<string, unknown>>;
const orNull = <T>(value: T | undefined): T | null => value ?? null;
const maybe = <T>(value: T | undefined, show: (value: T) => Shown): Shown | null =>
  value === undefined ? null : show(value);

export const shownClaim = ({ name, resourceClaimName, resourceClaimTemplateName }: PodResourceClaim): Shown => ({
  Name: name,
  ResourceClaimName: orNull(resourceClaimName),
  ResourceClaimTemplateName: orNull(resourceClaimTemplateName),
});

export const shownAddresses = (addresses: readonly { readonly ip: string }[]): readonly Shown[] =>
  addresses.map(({ ip }) => ({ IP: ip }));

export const shownNodeAddress = ({ type, address }: NodeAddress): Shown => ({ Type: type, Address: address });

export const shownTaint = ({ key, value = '', effect, timeAdded }: Taint): Shown => ({
  Key: key,
  Value: value,
  Effect: effect,
  TimeAdded: orNull(timeAdded),
});

/** What of a port two may not have in common. */
export const shownPort = ({ port, protocol }: ServicePort): Shown => ({
  Name: '',
  Protocol: protocol,
  AppProtocol: null,
  Port: port,
  TargetPort: 0,
  NodePort: 0,
});

export const shownBundle = ({
  name,
  signerName,
  labelSelector,
  optional,
  path,
}: ClusterTrustBundleProjection): Shown => ({
  Name: orNull(name),
  SignerName: orNull(signerName),
  LabelSelector: orNull(labelSelector),
  Optional: orNull(optional),
  Path: path,
});

export const shownSeccomp = ({ type, localhostProfile }: SeccompProfile): Shown => ({
  Type: type,
  LocalhostProfile: orNull(localhostProfile),
});

const shownCapabilities = ({ add, drop }: Capabilities): Shown => ({ Add: orNull(add), Drop: orNull(drop) });
const shownSeLinux = ({ user = '', role = '', type = '', level = '' }: SELinuxOptions): Shown => ({
  User: user,
  Role: role,
  Type: type,
  Level: level,
});
const shownWindows = ({
  gmsaCredentialSpecName,
  gmsaCredentialSpec,
  runAsUserName,
  hostProcess,
}: WindowsSecurityContextOptions): Shown => ({
  GMSACredentialSpecName: orNull(gmsaCredentialSpecName),
  GMSACredentialSpec: orNull(gmsaCredentialSpec),
  RunAsUserName: orNull(runAsUserName),
  HostProcess: orNull(hostProcess),
});

export const shownSecurityContext = (context: SecurityContext): Shown => ({
  Capabilities: maybe(context.capabilities, shownCapabilities),
  Privileged: orNull(context.privileged),
  SELinuxOptions: maybe(context.seLinuxOptions, shownSeLinux),
  WindowsOptions: maybe(context.windowsOptions, shownWindows),
  RunAsUser: orNull(context.runAsUser),
  RunAsGroup: orNull(context.runAsGroup),
  RunAsNonRoot: orNull(context.runAsNonRoot),
  ReadOnlyRootFilesystem: orNull(context.readOnlyRootFilesystem),
  AllowPrivilegeEscalation: orNull(context.allowPrivilegeEscalation),
  ProcMount: orNull(context.procMount),
  SeccompProfile: maybe(context.seccompProfile, shownSeccomp),
  AppArmorProfile: maybe(context.appArmorProfile, shownSeccomp),
});
