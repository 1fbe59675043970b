import { compileDeviceExpression, meetsDeviceExpression } from '@navarch/api';
import { Memo } from '@navarch/base';
import { type Cel, CelError, CelSyntaxError } from '@navarch/machinery';
import type { ExactRequest } from './devices.ts';
import type { PooledDevice } from './pool.ts';

export type Selector = NonNullable<ExactRequest['selectors']>[number];

/** Why nobody can tell whether a device will do: the claim, or its class, has to change. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

/** There are as many expressions as device classes, or a few more. */
const EXPRESSIONS_MAX = 1024;

/** Says which devices selectors mean; what was said of a device is remembered for as long as the device is as it is. */
export class Selectors {
  readonly #compiled = new Memo<Cel | SelectorError>(EXPRESSIONS_MAX);
  readonly #verdicts = new WeakMap<PooledDevice, Map<string, boolean | SelectorError>>();

  /** `owner` is whose selectors they are. Throws SelectorError. */
  mean(selectors: readonly Selector[], device: PooledDevice, owner: string): boolean {
    return selectors.every(({ cel }, i) => {
      if (!cel) throw new SelectorError(`${owner}: selector #${i}: CEL expression empty (unsupported selector type?)`);
      const verdict = this.#verdict(cel.expression, device);
      if (verdict instanceof SelectorError) throw new SelectorError(`${owner}: selector #${i}: ${verdict.message}`);
      return verdict;
    });
  }

  #verdict(expression: string, device: PooledDevice): boolean | SelectorError {
    let verdicts = this.#verdicts.get(device);
    if (!verdicts) this.#verdicts.set(device, (verdicts = new Map()));
    let verdict = verdicts.get(expression);
    if (verdict === undefined) verdicts.set(expression, (verdict = this.#evaluate(expression, device)));
    return verdict;
  }

  #evaluate(expression: string, device: PooledDevice): boolean | SelectorError {
    const compiled = this.#compiled.get(expression, compiledOf);
    if (compiled instanceof SelectorError) return compiled;
    try {
      return meetsDeviceExpression(compiled, device.value());
    } catch (error) {
      if (error instanceof CelError) return new SelectorError(`CEL runtime error: ${error.message}`);
      throw error;
    }
  }
}

function compiledOf(expression: string): Cel | SelectorError {
  try {
    return compileDeviceExpression(expression);
  } catch (error) {
    if (error instanceof CelSyntaxError) return new SelectorError(`CEL compile error: ${error.message}`);
    throw error;
  }
}
