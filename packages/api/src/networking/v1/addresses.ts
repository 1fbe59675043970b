import { dnsLabelErrors, dnsSubdomainErrors, type Kind, pathSegmentErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { formatIp, NO_CIDR, parseCidr, parseIp } from '../../checks/network.ts';
import { each, named, requiredName, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { IPAddress, ServiceCIDR } from '../../generated/types/networking-v1.ts';

/** One address in use by a Service; its name is the address (KEP-1880). */
export const ipAddress: Kind<IPAddress> = builtIn<IPAddress>('networking.k8s.io/v1.IPAddress', {
  columns: columnsOf('networking.k8s.io/IPAddress', {
    ParentRef: ({ spec: { parentRef: p } }) =>
      p
        ? [
            `${(p.resource ?? '').toLowerCase()}${p.group ? `.${p.group}` : ''}`,
            ...(p.namespace ? [p.namespace] : []),
            p.name,
          ].join('/')
        : '<none>',
  }),
  behaviour: {
    desired: false,
    validateName(name) {
      const address = parseIp(name);
      return address && formatIp(address) === name ? [] : ['must be a valid IP address in canonical form'];
    },
    validate({ spec: { parentRef } }, at) {
      const here = at.at('spec', 'parentRef');
      if (!parentRef) return here.required();
      if (parentRef.group) named(parentRef.group, dnsSubdomainErrors, here.at('group'));
      requiredName(parentRef.resource, pathSegmentErrors, here.at('resource'));
      requiredName(parentRef.name, pathSegmentErrors, here.at('name'));
      if (parentRef.namespace) named(parentRef.namespace, dnsLabelErrors, here.at('namespace'));
    },
    validateUpdate: (next, previous, at) =>
      unchanged(next.spec.parentRef, previous.spec.parentRef, at.at('spec', 'parentRef')),
  },
});

/** A range that cluster addresses of Services are taken from. */
export const serviceCIDR: Kind<ServiceCIDR> = builtIn<ServiceCIDR>('networking.k8s.io/v1.ServiceCIDR', {
  columns: columnsOf('networking.k8s.io/ServiceCIDR', { CIDRs: (c) => (c.spec.cidrs ?? []).join(',') }),
  behaviour: {
    desired: false,
    prepareCreate(c) {
      c.status = {};
    },
    validate({ spec: { cidrs = [] } }, at) {
      const here = at.at('spec', 'cidrs');
      if (cidrs.length === 0) return here.required('at least one CIDR required');
      if (cidrs.length > 2) return here.invalid(cidrs, 'only one CIDR per IP family is allowed');
      const families = cidrs.map((text) => parseCidr(text)?.address.length);
      if (cidrs.length === 2 && families[0] === families[1] && families[0] !== undefined)
        here.invalid(cidrs, 'only one CIDR per IP family is allowed');
      each(cidrs, here, (text, place) => {
        if (!parseCidr(text)) place.invalid(text, NO_CIDR);
      });
    },
    validateUpdate(next, previous, at) {
      unchanged(next.spec.cidrs?.[0], previous.spec.cidrs?.[0], at.at('spec', 'cidrs').index(0));
      const [second, before] = [next.spec.cidrs?.[1], previous.spec.cidrs?.[1]];
      if (before !== undefined && second !== before)
        at.at('spec', 'cidrs').invalid(next.spec.cidrs ?? null, 'field is immutable');
    },
  },
});
