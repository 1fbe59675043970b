import { compileLabelSelector, equalJson, type Field, type Kind, type Mutable } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { isEmptySelector, labelSelector } from '../../checks/selectors.ts';
import { atMostWhole, countOrPercent, isZeroShare, notNegative, unchanged } from '../../checks/values.ts';
import { columnsOf, containerImages, containerNames, labelsText, selectorText } from '../../columns.ts';
import { completePodTemplate } from '../../core/v1/pod-defaults.ts';
import { validateAlwaysRestarts, validatePodTemplate } from '../../core/v1/pod-validation.ts';
import type { DaemonSet, DaemonSetUpdateStrategy } from '../../generated/types/apps-v1.ts';
import { statusPart } from '../../parts.ts';
import { notDecremented, shownStrategy, workloadWarnings } from './workload.ts';

/** How often the template changed; a field of the versions before apps/v1, kept for those who still read it. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
const COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const;

export const daemonSet: Kind<DaemonSet> = builtIn<DaemonSet>('apps/v1.DaemonSet', {
  columns: columnsOf('apps/DaemonSet', {
    Desired: (d) => d.status.desiredNumberScheduled,
    Current: (d) => d.status.currentNumberScheduled,
    Ready: (d) => d.status.numberReady,
    'Up-to-date': (d) => d.status.updatedNumberScheduled ?? 0,
    Available: (d) => d.status.numberAvailable ?? 0,
    'Node Selector': (d) => labelsText(d.spec.template.spec.nodeSelector),
    Containers: (d) => containerNames(d.spec.template),
    Images: (d) => containerImages(d.spec.template),
    Selector: (d) => selectorText(d.spec.selector),
  }),
  behaviour: {
    complete(d) {
      const { spec } = d;
      // Whoever writes a set writes its count too, and comes to own it: 0 where none is said.
      setTemplateGeneration(d, templateGenerationOf(d));
      spec.updateStrategy.type ??= 'RollingUpdate';
      if (spec.updateStrategy.type === 'RollingUpdate') {
        spec.updateStrategy.rollingUpdate ??= {};
        spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
        spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
      }
      spec.revisionHistoryLimit ??= 10;
      completePodTemplate(spec.template);
    },
    prepareCreate(d) {
      d.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
      setTemplateGeneration(d, Math.max(1, templateGenerationOf(d)));
    },
    prepareUpdate(d, previous) {
      const isNew = !equalJson(d.spec.template, previous.spec.template);
      setTemplateGeneration(d, templateGenerationOf(previous) + (isNew ? 1 : 0));
    },
    desired: (d) => [d.spec],
    validate({ spec }, at) {
      const here = at.at('spec');
      const templateAt = here.at('template');
      labelSelector(spec.selector, here.at('selector'));
      // None finds nothing, so it does not find the template either.
      const { labels } = spec.template.metadata;
      if (!spec.selector || !compileLabelSelector(spec.selector).matches(labels)) {
        templateAt.at('metadata', 'labels').invalid(labels ?? null, '`selector` does not match template `labels`');
      }
      if (spec.selector && isEmptySelector(spec.selector))
        here.at('selector').invalid(spec.selector, 'empty selector is invalid for daemonset');
      validatePodTemplate(spec.template, templateAt);
      validateAlwaysRestarts(spec.template, templateAt, 'DaemonSet');
      notNegative(spec.minReadySeconds, here.at('minReadySeconds'));
      validateStrategy(spec.updateStrategy, here.at('updateStrategy'));
      notNegative(spec.revisionHistoryLimit, here.at('revisionHistoryLimit'));
    },
    validateUpdate: (next, previous, at) =>
      unchanged(next.spec.selector, previous.spec.selector, at.at('spec', 'selector')),
    warnings: (d, previous) => workloadWarnings(d, previous),
    parts: {
      status: statusPart({
        validate({ status }, previous, at) {
          for (const name of COUNTS) notNegative(status[name], at.at('status', name));
          notDecremented(status.collisionCount, previous.status.collisionCount, at.at('status', 'collisionCount'));
        },
      }),
    },
  },
});

function templateGenerationOf(d: DaemonSet | Mutable<DaemonSet>): number {
  const count = Number(d.metadata.annotations?.[TEMPLATE_GENERATION]);
  return Number.isSafeInteger(count) ? count : 0;
}

function setTemplateGeneration(d: Mutable<DaemonSet>, count: number): void {
  d.metadata.annotations = { ...d.metadata.annotations, [TEMPLATE_GENERATION]: String(count) };
}

function validateStrategy({ type, rollingUpdate }: DaemonSetUpdateStrategy, at: Field): void {
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate')
    return at.notSupported(shownStrategy(type, rollingUpdate), ['RollingUpdate', 'OnDelete']);
  const here = at.at('rollingUpdate');
  if (!rollingUpdate) return here.required();
  const { maxUnavailable, maxSurge } = rollingUpdate;
  countOrPercent(maxUnavailable, here.at('maxUnavailable'));
  countOrPercent(maxSurge, here.at('maxSurge'));
  atMostWhole(maxUnavailable, here.at('maxUnavailable'));
  atMostWhole(maxSurge, here.at('maxSurge'));
  const [takesAway, adds] = [!isZeroShare(maxUnavailable), !isZeroShare(maxSurge)];
  if (takesAway && adds) here.at('maxSurge').invalid(maxSurge, 'may not be set when maxUnavailable is non-zero');
  if (!takesAway && !adds) here.at('maxUnavailable').required('cannot be 0 when maxSurge is 0');
}
