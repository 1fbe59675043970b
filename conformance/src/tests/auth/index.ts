import type { ConformanceTest } from '../../conformance-test.ts';
import { certificateRequestTests } from './certificate-requests.ts';
import { clusterTrustBundleTests } from './cluster-trust-bundles.ts';
import { podCertificateTests } from './pod-certificates.ts';
import { serviceAccountTests } from './service-accounts.ts';
import { subjectReviewTests } from './subject-review.ts';

export const authTests: readonly ConformanceTest[] = [
  ...certificateRequestTests,
  ...clusterTrustBundleTests,
  ...podCertificateTests,
  ...serviceAccountTests,
  ...subjectReviewTests,
];
