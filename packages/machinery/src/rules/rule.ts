/**
 * What a type says of its fields, by type and field, as upstream's comments write it (KEP-5073): `optional`,
 * `maxItems=32`, `beta:format=k8s-short-name`, `ifDisabled(Feature)=forbidden`, `enum=A|B`. See tools/generate/rules.ts.
 */
export type RuleFacts = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** How far along a rule is: those in alpha are tried and never told. */
export type RuleStage = 'alpha' | 'beta' | 'stable';

export interface Rule {
  readonly stage: RuleStage;
  readonly name: string;
  /** What stands in parentheses: a feature, another field, which item. */
  readonly of: string;
  readonly value: string;
}

/** Reads one rule. */
export function parseRule(text: string, stage: RuleStage = 'stable'): Rule {
  const [, prefix, name = '', of = '', value = ''] =
    /^(?:(alpha|beta):)?(\w+)(?:\(([^)]*)\))?(?:=(.*))?$/.exec(text) ?? [];
  return { stage: (prefix as RuleStage | undefined) ?? stage, name, of, value };
}

/** What the rule is once its condition holds: `ifEnabled(Feature)=minimum=0` is `minimum=0`. */
export const innerRule = ({ value, stage }: Rule): Rule => parseRule(value, stage);
