import type { PolicyRule } from '@navarch/api';

const words = (text: string): readonly string[] =>
  text
    .split(' ')
    .filter((word) => word !== '')
    .sort();
const groups = (text: string): readonly string[] =>
  words(text.replace(/\bcore\b/, '#')).map((group) => (group === '#' ? '' : group));

export const READ = 'get list watch';
export const WRITE = 'create delete deletecollection patch update';

/** `verbs` on `resources` of `apiGroups` (`core` is the group without a name), words separated by blanks. */
export const can = (verbs: string, apiGroups: string, resources: string, resourceNames = ''): PolicyRule => ({
  verbs: words(verbs),
  apiGroups: groups(apiGroups),
  resources: words(resources),
  ...(resourceNames === '' ? {} : { resourceNames: words(resourceNames) }),
});

export const canVisit = (urls: string): PolicyRule => ({ verbs: ['get'], nonResourceURLs: words(urls) });

export const eventsRule: PolicyRule = can('create patch update', 'core events.k8s.io', 'events');
