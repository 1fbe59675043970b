import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf, containerImages, containerNames, labelsText } from '../../columns.ts';
import type { PodTemplate } from '../../generated/types/core-v1.ts';
import { completePodTemplate } from './pod-defaults.ts';
import { podWarnings } from './pod-warnings.ts';
import { validatePodTemplate } from './pod-validation.ts';

export const podTemplate: Kind<PodTemplate> = builtIn<PodTemplate>('/v1.PodTemplate', {
  columns: columnsOf('/PodTemplate', {
    Containers: (t) => containerNames(t.template),
    Images: (t) => containerImages(t.template),
    'Pod Labels': (t) => labelsText(t.template.metadata.labels),
  }),
  behaviour: {
    answersDeletion: true,
    complete: ({ template }) => completePodTemplate(template),
    warnings: ({ metadata, template }, previous) =>
      previous && previous.metadata.generation === metadata.generation
        ? []
        : podWarnings(template.spec, template.metadata, 'template.spec', 'template.metadata'),
    validate: ({ template }, at) => validatePodTemplate(template, at.at('template')),
  },
});
