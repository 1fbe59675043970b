import type { Controller } from './controller.ts';
import { FORMER_NAMES } from './former-names.ts';

/**
 * Which controllers run, as upstream's `--controllers` says it: `*` is all of them, `name` that one, `-name` not that
 * one. The first that names a controller counts; without `*` only those that are named run.
 */
export type Selection = readonly string[];

/** Upstream's name: parts of one controller go together. */
const nameOf = ({ name, partOf = name }: Controller): string => partOf;

/** A rule by the name of now. */
function renamed(rule: string): string {
  const name = rule.replace(/^-/, '');
  return `${rule.startsWith('-') ? '-' : ''}${FORMER_NAMES.get(name) ?? name}`;
}

export function selectControllers(controllers: readonly Controller[], selection: Selection): readonly Controller[] {
  const rules = selection.map(renamed);
  return controllers.filter((controller) => isSelected(nameOf(controller), rules));
}

function isSelected(name: string, selection: Selection): boolean {
  const rule = selection.find((one) => one === name || one === `-${name}`);
  return rule === undefined ? selection.includes('*') : rule === name;
}

/** What is wrong with a selection among these controllers, in upstream's words. */
export function selectionErrors(controllers: readonly Controller[], selection: Selection): readonly string[] {
  const known = new Set(controllers.map(nameOf));
  return selection
    .filter((rule) => rule !== '*' && !known.has(renamed(rule).replace(/^-/, '')))
    .map((rule) => `${JSON.stringify(rule.replace(/^-/, ''))} is not in the list of known controllers`);
}
