import type { BodySource } from './json-source.ts';

/** What was found out about the text of a YAML body while it was read. */
export class YamlSource implements BodySource {
  /** In the words of a strict reader: which key came again, on which line. */
  readonly repeatedKeys: readonly string[];

  readonly text: string;

  constructor(text: string, repeatedKeys: readonly string[]) {
    this.text = text;
    this.repeatedKeys = repeatedKeys;
  }

  get hasDuplicates(): boolean {
    return this.repeatedKeys.length > 0;
  }

  complaints(unknown: readonly string[], isCustom = false, isStrict = false): readonly string[] {
    const fields = (isCustom ? unknown.toSorted() : unknown).map((field) => `unknown field ${JSON.stringify(field)}`);
    if (!this.hasDuplicates) return fields;
    return [...(isStrict ? [yamlErrors(this.repeatedKeys)] : this.repeatedKeys), ...fields];
  }
}

export const yamlErrors = (keys: readonly string[]): string =>
  `yaml: unmarshal errors:\n${keys.map((key) => `  ${key}`).join('\n')}`;
