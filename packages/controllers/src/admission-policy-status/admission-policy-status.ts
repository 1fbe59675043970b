import { validatingAdmissionPolicy } from '@navarch/api';
import { hasReason, type Kind } from '@navarch/machinery';
import { type Controller, defineController, self } from '../controller.ts';
import { type CheckedPolicy, typeWarnings } from './type-check.ts';

/**
 * Says which generation of a validating policy is in force: the API server evaluates what it has stored, and refuses
 * expressions that it cannot read, so that is the newest. Warns of what does not go with the kinds it names.
 */
export const admissionPolicyStatusController = (kinds: readonly Kind<any>[]): Controller =>
  defineController({
    name: 'validatingadmissionpolicy-status-controller',
    watches: [self(validatingAdmissionPolicy, ({ current }) => current !== undefined)],

    async reconcile(key, { api, cache }) {
      const found = cache.get(validatingAdmissionPolicy, key);
      const { generation } = found?.metadata ?? {};
      if (!found || generation === undefined || found.status.observedGeneration === generation) return undefined;
      const warnings = typeWarnings(found.spec as CheckedPolicy, kinds);
      const typeChecking = warnings.length === 0 ? {} : { expressionWarnings: warnings };
      try {
        await api.of(validatingAdmissionPolicy).update(
          key,
          (current) => ({
            ...current,
            status: { ...current.status, observedGeneration: generation, typeChecking },
          }),
          { subresource: 'status' },
        );
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
  });
