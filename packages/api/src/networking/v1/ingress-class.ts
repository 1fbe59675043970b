import { dnsLabelErrors, dnsSubdomainErrors, type Field, type Kind, pathSegmentErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { domainPrefixedPath, named, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { IngressClass, IngressClassParametersReference } from '../../generated/types/networking-v1.ts';

const CONTROLLER_MAX = 250;

export const ingressClass: Kind<IngressClass> = builtIn<IngressClass>('networking.k8s.io/v1.IngressClass', {
  columns: columnsOf('networking.k8s.io/IngressClass', {
    Controller: (c) => c.spec.controller ?? '',
    Parameters: ({ spec: { parameters: p } }) =>
      p ? `${p.kind}${p.apiGroup ? `.${p.apiGroup}` : ''}/${p.name}` : '<none>',
  }),
  behaviour: {
    complete({ spec }) {
      if (spec.parameters) spec.parameters.scope ??= 'Cluster';
    },
    validate({ spec }, at) {
      const here = at.at('spec');
      const { controller = '' } = spec;
      if (controller.length > CONTROLLER_MAX) here.at('controller').tooLong(CONTROLLER_MAX);
      domainPrefixedPath(controller, here.at('controller'));
      if (spec.parameters) validateParameters(spec.parameters, here.at('parameters'));
    },
    validateUpdate: (next, previous, at) =>
      unchanged(next.spec.controller, previous.spec.controller, at.at('spec', 'controller')),
  },
});

function validateParameters(parameters: IngressClassParametersReference, at: Field): void {
  const { apiGroup, kind, name, scope, namespace } = parameters;
  if (apiGroup !== undefined) named(apiGroup, dnsSubdomainErrors, at.at('apiGroup'));
  if (!kind) at.at('kind').required('kind is required');
  else named(kind, pathSegmentErrors, at.at('kind'));
  if (!name) at.at('name').required('name is required');
  else named(name, pathSegmentErrors, at.at('name'));
  if (!scope) return at.at('scope').required();
  if (scope !== 'Cluster' && scope !== 'Namespace') at.at('scope').notSupported(scope, ['Cluster', 'Namespace']);
  if (scope === 'Namespace') {
    if (!namespace) at.at('namespace').required("`parameters.scope` is set to 'Namespace'");
    else named(namespace, dnsLabelErrors, at.at('namespace'));
  }
  if (scope === 'Cluster' && namespace !== undefined)
    at.at('namespace').forbidden("`parameters.scope` is set to 'Cluster'");
}
