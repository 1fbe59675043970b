import { equalJson, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { shown } from '../../checks/shown.ts';
import { within } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type {
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from '../../generated/types/flowcontrol-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { fixedLevels, validateConditionTypes } from './fixed.ts';

const QUEUES_MAX = 10_000_000;
const HASH_BITS_MAX = 60;
const text = (value: number | null | undefined): string =>
  value === undefined || value === null ? '<none>' : String(value);
const queuing = (p: PriorityLevelConfiguration): QueuingConfiguration | undefined =>
  p.spec.limited?.limitResponse.queuing;

export const priorityLevelConfiguration: Kind<PriorityLevelConfiguration> = builtIn<PriorityLevelConfiguration>(
  'flowcontrol.apiserver.k8s.io/v1.PriorityLevelConfiguration',
  {
    columns: columnsOf('flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration', {
      Type: (p) => p.spec.type,
      NominalConcurrencyShares: (p) => text(p.spec.limited?.nominalConcurrencyShares),
      Queues: (p) => text(queuing(p)?.queues),
      HandSize: (p) => text(queuing(p)?.handSize),
      QueueLengthLimit: (p) => text(queuing(p)?.queueLengthLimit),
    }),
    behaviour: {
      complete({ spec: { limited, exempt } }) {
        if (exempt) {
          exempt.nominalConcurrencyShares ??= 0;
          exempt.lendablePercent ??= 0;
        }
        if (!limited) return;
        limited.nominalConcurrencyShares ??= 30;
        limited.lendablePercent ??= 0;
        const queues = limited.limitResponse.queuing;
        if (!queues) return;
        queues.handSize ||= 8;
        queues.queues ||= 64;
        queues.queueLengthLimit ||= 50;
      },
      prepareCreate(p) {
        p.status = {};
      },
      desired: (p) => [p.spec],
      validate({ metadata, spec }, at) {
        const here = at.at('spec');
        if ((metadata.name === 'exempt') !== (spec.type === 'Exempt')) {
          here.at('type').invalid(spec.type, "type must be 'Exempt' if and only if name is 'exempt'");
        }
        if (spec.type === 'Exempt') {
          if (spec.limited) here.at('limited').forbidden('must be nil if the type is not Limited');
          if ((spec.exempt?.nominalConcurrencyShares ?? 0) < 0) {
            here
              .at('exempt', 'nominalConcurrencyShares')
              .invalid(spec.exempt?.nominalConcurrencyShares, 'must be a non-negative integer');
          }
          within(spec.exempt?.lendablePercent, 0, 100, here.at('exempt', 'lendablePercent'));
        } else if (spec.type === 'Limited') {
          if (spec.exempt) here.at('exempt').forbidden('must be nil if the type is Limited');
          if (!spec.limited) here.at('limited').required('must not be empty when type is Limited');
          else validateLimited(spec.limited, here.at('limited'));
        } else here.at('type').notSupported(spec.type, ['Exempt', 'Limited']);
        const { name } = metadata;
        const fixed = fixedLevels[name];
        // Of the level of those who never wait, its part of the whole may be changed.
        const [words, wanted] =
          name === 'exempt' ? [" except the 'spec.exempt' field", { ...fixed, exempt: spec.exempt }] : ['', fixed];
        if (fixed && !equalJson(JSON.parse(JSON.stringify(wanted)), spec))
          here.invalid(
            shown('flowcontrol.v1.PriorityLevelConfigurationSpec', spec),
            `spec of '${name}'${words} must equal the fixed value`,
          );
      },
      parts: {
        status: statusOnlyPart<PriorityLevelConfiguration>({
          validate: ({ status }, _previous, at) =>
            validateConditionTypes(status.conditions, at.at('status', 'conditions')),
        }),
      },
    },
  },
);

function validateLimited(limited: LimitedPriorityLevelConfiguration, at: Field): void {
  const {
    nominalConcurrencyShares: shares,
    lendablePercent,
    borrowingLimitPercent: borrowing,
    limitResponse,
  } = limited;
  if ((shares ?? 0) < 0) at.at('nominalConcurrencyShares').invalid(shares, 'must be a non-negative integer');
  const here = at.at('limitResponse');
  if (limitResponse.type === 'Reject') {
    if (limitResponse.queuing) here.at('queuing').forbidden('must be nil if limited.limitResponse.type is not Limited');
  } else if (limitResponse.type === 'Queue') {
    if (!limitResponse.queuing)
      here.at('queuing').required('must not be empty if limited.limitResponse.type is Limited');
    else validateQueuing(limitResponse.queuing, here.at('queuing'));
  } else here.at('type').notSupported(limitResponse.type, ['Queue', 'Reject']);
  within(lendablePercent, 0, 100, at.at('lendablePercent'));
  if (borrowing !== undefined && borrowing < 0)
    at.at('borrowingLimitPercent').invalid(borrowing, 'if specified, must be a non-negative integer');
}

/** Bits that choosing a hand from the deck takes. */
function entropyBits(deckSize: number, handSize: number): number {
  let bits = 0;
  for (let i = 0; i < handSize; i++) bits += Math.log2(deckSize - i);
  return Math.ceil(bits);
}

function validateQueuing({ queueLengthLimit, queues, handSize }: QueuingConfiguration, at: Field): void {
  if (queueLengthLimit <= 0) at.at('queueLengthLimit').invalid(queueLengthLimit, 'must be positive');
  if (queues <= 0) at.at('queues').invalid(queues, 'must be positive');
  else if (queues > QUEUES_MAX) at.at('queues').invalid(queues, `must not be greater than ${QUEUES_MAX}`);
  if (handSize <= 0) at.at('handSize').invalid(handSize, 'must be positive');
  else if (handSize > queues) at.at('handSize').invalid(handSize, `should not be greater than queues (${queues})`);
  else if (entropyBits(queues, handSize) > HASH_BITS_MAX) {
    at.at('handSize').invalid(
      handSize,
      `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS_MAX}`,
    );
  }
}
