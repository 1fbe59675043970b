import type { BodySource } from './json-source.ts';

/** What was found out about the text of a YAML body while it was read. */
export class YamlSource implements BodySource {
  /** In the words of a strict reader: which key came again, on which line. */
  readonly repeatedKeys: readonly string[];

  constructor(repeatedKeys: readonly string[]) {
    this.repeatedKeys = repeatedKeys;
  }

  get hasDuplicates(): boolean {
    return this.repeatedKeys.length > 0;
  }

  complaints(unknown: readonly string[]): readonly string[] {
    const fields = unknown.map((field) => `unknown field ${JSON.stringify(field)}`);
    return this.hasDuplicates ? [yamlErrors(this.repeatedKeys), ...fields] : fields;
  }
}

export const yamlErrors = (keys: readonly string[]): string => `yaml: unmarshal errors:\n${keys.map((key) => `  ${key}`).join('\n')}`;
