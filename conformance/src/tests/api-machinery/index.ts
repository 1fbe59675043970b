import type { ConformanceTest } from '../../conformance-test.ts';
import { admissionWebhookTests } from './admission-webhooks.ts';
import { aggregatorTests } from './aggregator.ts';
import { crdConversionTests } from './crd-conversion.ts';
import { customResourceTests } from './custom-resources.ts';
import { discoveryTests } from './discovery.ts';
import { fieldSelectorTests } from './field-selectors.ts';
import { fieldValidationTests } from './field-validation.ts';
import { garbageCollectorTests } from './garbage-collector.ts';
import { listTests } from './lists.ts';
import { namespaceTests } from './namespaces.ts';
import { openApiPublishingTests } from './openapi-publishing.ts';
import { operationTests } from './operations.ts';
import { policyTests } from './policies.ts';
import { resourceQuotaTests } from './resource-quotas.ts';
import { watcherTests } from './watchers.ts';
import { webhookConfigurationTests } from './webhook-configurations.ts';

export const apiMachineryTests: readonly ConformanceTest[] = [
  ...admissionWebhookTests,
  ...aggregatorTests,
  ...crdConversionTests,
  ...customResourceTests,
  ...discoveryTests,
  ...fieldSelectorTests,
  ...fieldValidationTests,
  ...garbageCollectorTests,
  ...listTests,
  ...namespaceTests,
  ...openApiPublishingTests,
  ...operationTests,
  ...policyTests,
  ...resourceQuotaTests,
  ...watcherTests,
  ...webhookConfigurationTests,
];
