import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { built, finished, goProgram, hasGo } from '../go.ts';
import { LeftOut } from '../oracle.ts';

const FOLDER = import.meta.dirname;
const OUTPUT = join(FOLDER, 'generated');
/** Groups and versions of k8s.io/api; the types that they refer to. */
const API = [
  'admissionregistration/v1',
  'admissionregistration/v1alpha1',
  'admissionregistration/v1beta1',
  'apiserverinternal/v1alpha1',
  'apps/v1',
  'authentication/v1',
  'authorization/v1',
  'autoscaling/v1',
  'autoscaling/v2',
  'batch/v1',
  'certificates/v1',
  'certificates/v1beta1',
  'coordination/v1',
  'coordination/v1alpha2',
  'coordination/v1beta1',
  'core/v1',
  'discovery/v1',
  'events/v1',
  'flowcontrol/v1',
  'lifecycle/v1alpha1',
  'networking/v1',
  'node/v1',
  'policy/v1',
  'rbac/v1',
  'resource/v1',
  'resource/v1alpha3',
  'resource/v1beta1',
  'resource/v1beta2',
  'scheduling/v1',
  'scheduling/v1alpha3',
  'scheduling/v1beta1',
  'storage/v1',
  'storagemigration/v1',
  'storagemigration/v1beta1',
].map((version) => `k8s.io/api/${version}`);
const PACKAGES = [
  ...API,
  'k8s.io/apimachinery/pkg/api/resource',
  'k8s.io/apimachinery/pkg/apis/meta/v1',
  'k8s.io/apimachinery/pkg/runtime',
  'k8s.io/apimachinery/pkg/util/intstr',
  'k8s.io/apimachinery/pkg/version',
  'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1',
  'k8s.io/kube-aggregator/pkg/apis/apiregistration/v1',
];

/**
 * The program, with the definitions that upstream's generator makes of k8s.io/api: no module has them. They stay beside
 * it, for nobody to commit.
 */
export async function generated(): Promise<string> {
  if (!(await hasGo())) throw new LeftOut('Go is not installed');
  if (!existsSync(join(OUTPUT, 'generated.openapi.go'))) {
    const flags = [
      '--output-dir',
      OUTPUT,
      '--output-pkg',
      'navarch.dev/oracles/documents/generated',
      '--go-header-file',
      '/dev/null',
      '--report-filename',
      '/dev/null',
    ];
    const { code, output } = await finished(goProgram(), ['tool', 'openapi-gen', ...flags, ...PACKAGES], {
      cwd: FOLDER,
    });
    if (code !== 0) throw new Error(`Cannot generate definitions:\n${output}`);
  }
  return built('documents');
}
