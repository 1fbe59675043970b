import type { Clock, Counter, Histogram, Labels, Metrics, Observer } from '@navarch/base';

const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const WEBHOOK_SECONDS = [...SECONDS, 10, 25];
const POLICY_SECONDS = [0.0000005, 0.001, 0.01, 0.1, 1];
/** Codes beyond this one are told as this one: webhooks may answer anything. */
const CODE_MAX = 600;

type Step = 'admit' | 'validate';

/** Takes the time of something that is let through or refused. */
export interface Timed {
  readonly let: Observer;
  readonly refused: Observer;
}

/** How one question to a webhook ended. */
export interface WebhookOutcome {
  readonly name: string;
  readonly type: 'admit' | 'validating';
  readonly operation: string;
  readonly seconds: number;
  /** Of its answer; 0: none came. */
  readonly code: number;
  /** Why the request is refused: it said so, or could not be asked; absent: the request goes on. */
  readonly refusal?: 'no_error' | 'calling_webhook_error';
  /** It could not be asked, and that is no reason to refuse. */
  readonly failedOpen?: boolean;
}

export interface PolicyOutcome {
  readonly policy: string;
  readonly binding: string;
  readonly action: 'allow' | 'audit' | 'deny' | 'warn';
  readonly error: 'invalid_error' | 'no_error';
  readonly seconds: number;
}

/** What admission counts, under upstream's names. */
export class AdmissionMeasures {
  readonly #clock: Clock;
  readonly #step: Histogram;
  readonly #plugin: Histogram;
  readonly #webhook: Histogram;
  readonly #asked: Counter;
  readonly #refusals: Counter;
  readonly #failedOpen: Counter;
  readonly #policies: { readonly checks: Counter; readonly seconds: Histogram };

  constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock;
    this.#step = metrics.histogram(
      'apiserver_admission_step_admission_duration_seconds',
      '[STABLE] Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
      SECONDS,
    );
    this.#plugin = metrics.histogram(
      'apiserver_admission_controller_admission_duration_seconds',
      '[STABLE] Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      SECONDS,
    );
    this.#webhook = metrics.histogram(
      'apiserver_admission_webhook_admission_duration_seconds',
      '[STABLE] Admission webhook latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      WEBHOOK_SECONDS,
    );
    this.#asked = metrics.counter(
      'apiserver_admission_webhook_request_total',
      '[ALPHA] Admission webhook request total, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify whether the request was rejected or not and an HTTP status code. Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.',
    );
    this.#refusals = metrics.counter(
      'apiserver_admission_webhook_rejection_count',
      '[ALPHA] Admission webhook rejection count, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify an error type (calling_webhook_error or apiserver_internal_error if an error occurred; no_error otherwise) and optionally a non-zero rejection code if the webhook rejects the request with an HTTP status code (honored by the apiserver when the code is greater or equal to 400). Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.',
    );
    this.#failedOpen = metrics.counter(
      'apiserver_admission_webhook_fail_open_count',
      '[ALPHA] Admission webhook fail open count, identified by name and broken out for each admission type (validating or admit).',
    );
    this.#policies = {
      checks: metrics.counter(
        'apiserver_validating_admission_policy_check_total',
        '[BETA] Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.',
      ),
      seconds: metrics.histogram(
        'apiserver_validating_admission_policy_check_duration_seconds',
        '[BETA] Validation admission latency for individual validation expressions in seconds, labeled by policy and further including binding and enforcement action taken.',
        POLICY_SECONDS,
      ),
    };
  }

  /** Monotonic, ms. */
  now(): number {
    return this.#clock.monotonic();
  }

  step(type: Step, operation: string): Timed {
    return timed(this.#step, { type, operation });
  }

  plugin(name: string, type: Step, operation: string): Timed {
    return timed(this.#plugin, { name, type, operation });
  }

  webhook({ name, type, operation, seconds, code, refusal, failedOpen = false }: WebhookOutcome): void {
    const rejected = String(refusal !== undefined);
    const told = String(Math.min(code, CODE_MAX));
    this.#webhook.observe(seconds, { name, type, operation, rejected });
    this.#asked.add(1, { name, type, operation, code: told, rejected });
    if (refusal) this.#refusals.add(1, { name, type, operation, error_type: refusal, rejection_code: told });
    if (failedOpen) this.#failedOpen.add(1, { name, type });
  }

  policy({ policy, binding, action, error, seconds }: PolicyOutcome): void {
    const labels = { policy, policy_binding: binding, error_type: error, enforcement_action: action };
    this.#policies.checks.add(1, labels);
    this.#policies.seconds.observe(seconds, labels);
  }
}

const timed = (histogram: Histogram, labels: Labels): Timed => ({
  let: histogram.of({ ...labels, rejected: 'false' }),
  refused: histogram.of({ ...labels, rejected: 'true' }),
});
