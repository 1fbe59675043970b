import { dnsSubdomainErrors, type Field } from '@navarch/machinery';
import { bytesOf, each } from '../../checks/values.ts';
import type { Container, PodSpec, WindowsSecurityContextOptions } from '../../generated/types/core-v1.ts';

const GMSA_KIB_MAX = 64;
const DOMAIN_MAX = 256;
const USER_MAX = 104;
const CONTROL = /\p{Cc}/u;
const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_PART = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const DNS_DOMAIN = new RegExp(`^${DNS_PART}(?:\\.${DNS_PART})*$`);
const NO_USER = /["/\\:;|=,+*?<>@[\]]/;

export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, at: Field): void {
  if (!options) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: content, runAsUserName } = options;
  if (name !== undefined)
    for (const error of dnsSubdomainErrors(name)) at.at('gmsaCredentialSpecName').invalidOptional(name, error);
  if (content === '')
    at.at('gmsaCredentialSpec').invalidOptional(content, 'gmsaCredentialSpec cannot be an empty string');
  else if (content !== undefined && bytesOf(content) > GMSA_KIB_MAX * 1024) {
    at.at('gmsaCredentialSpec').invalidOptional(content, `gmsaCredentialSpec size must be under ${GMSA_KIB_MAX} KiB`);
  }
  if (runAsUserName !== undefined)
    for (const error of userNameErrors(runAsUserName)) at.at('runAsUserName').invalidOptional(runAsUserName, error);
}

/** `DOMAIN\user`, or the user alone. */
function userNameErrors(text: string): readonly string[] {
  const parts = text.split('\\');
  if (text === '') return ['runAsUserName cannot be an empty string'];
  if (CONTROL.test(text)) return ['runAsUserName cannot contain control characters'];
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const [domain, user = ''] = parts.length === 2 ? parts : [undefined, parts[0]];
  const errors: string[] = [];
  if (bytesOf(domain ?? '') >= DOMAIN_MAX)
    errors.push(`runAsUserName's Domain length must be under ${DOMAIN_MAX} characters`);
  if (domain !== undefined && !NET_BIOS.test(domain) && !DNS_DOMAIN.test(domain))
    errors.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') errors.push("runAsUserName's User cannot be empty");
  else if (bytesOf(user) > USER_MAX)
    errors.push(`runAsUserName's User length must not be longer than ${USER_MAX} characters`);
  if (/^[. ]+$/.test(user)) errors.push("runAsUserName's User cannot contain only periods or spaces");
  if (NO_USER.test(user))
    errors.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return errors;
}

/** Containers that run as processes of a Windows host do so all together, on its network. */
export function validateHostProcess(spec: PodSpec, at: Field): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let [count, hostCount] = [0, 0];
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    each(spec[list] as readonly Container[] | undefined, at.at(list), ({ securityContext }, here) => {
      const own = securityContext?.windowsOptions?.hostProcess;
      count += 1;
      if (own ?? ofPod) hostCount += 1;
      if (own === undefined || ofPod === undefined || own === ofPod) return;
      here
        .at('securityContext', 'windowsOptions', 'hostProcess')
        .invalid(own, `pod hostProcess value must be identical if both are specified, was ${ofPod}`);
    });
  }
  if (hostCount === 0) return;
  if (hostCount !== count)
    at.invalid('', 'If pod contains any hostProcess containers then all containers must be HostProcess containers');
  if (!spec.hostNetwork)
    at.at('hostNetwork').invalid(false, 'hostNetwork must be true if pod contains any hostProcess containers');
}
