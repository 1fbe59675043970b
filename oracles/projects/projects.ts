/** Definitions of others that a project's own build copies into it before its tests run. */
interface Copied {
  readonly module: string;
  readonly from: string;
  readonly to: string;
  /** A file that is not copied with the others. */
  readonly without?: string;
}

/** A project whose tests start an API server with controller-runtime's envtest. */
export interface Project {
  readonly name: string;
  readonly module: string;
  /** Those of its packages whose tests ask that server. */
  readonly packages: readonly string[];
  readonly copied?: readonly Copied[];
  /** The variable by which its tests find the project's folder. */
  readonly folderVariable?: string;
  /** Specs that are not run, by why; expressions that a spec's whole name is found by. */
  readonly leftOut?: Readonly<Record<string, readonly string[]>>;
}

const JOB_SET = 'sigs.k8s.io/jobset@v0.10.1';
const LEADER_WORKER_SET = 'sigs.k8s.io/lws@v0.7.0';
const TRAINING_OPERATOR = 'github.com/kubeflow/training-operator@v1.9.3';
const TRAINER = 'github.com/kubeflow/trainer/v2@v2.0.1';

const RACE = 'they read once what a controller has yet to write, or write once what it writes too';

export const PROJECTS: readonly Project[] = [
  {
    name: 'jobset',
    module: JOB_SET,
    packages: ['test/integration/controller', 'test/integration/webhook'],
  },
  {
    name: 'lws',
    module: LEADER_WORKER_SET,
    packages: ['test/integration/controllers', 'test/integration/webhooks'],
    leftOut: {
      [RACE]: [
        'Test default progressing state',
        'Pod restart will delete the pod group when restart policy is RecreateGroupOnPodRestart',
        'resize shoud update the size of the replicas',
      ],
    },
  },
  {
    name: 'kueue',
    module: 'sigs.k8s.io/kueue@v0.14.0',
    packages: [
      'test/integration/singlecluster/webhook/core',
      'test/integration/singlecluster/webhook/jobs',
      'test/integration/singlecluster/controller/dra',
      'test/integration/singlecluster/controller/jobs/job',
    ],
    folderVariable: 'PROJECT_DIR',
    copied: [
      { module: JOB_SET, from: 'config/components/crd/bases', to: 'dep-crds/jobset-operator' },
      { module: LEADER_WORKER_SET, from: 'config/crd/bases', to: 'dep-crds/leaderworkerset-operator' },
      {
        module: TRAINING_OPERATOR,
        from: 'manifests/base/crds',
        to: 'dep-crds/training-operator-crds',
        // That of the next one is meant.
        without: 'kubeflow.org_mpijobs.yaml',
      },
      { module: 'github.com/kubeflow/mpi-operator@v0.6.0', from: 'manifests/base', to: 'dep-crds/mpi-operator' },
      { module: TRAINER, from: 'manifests/base/crds', to: 'dep-crds/kf-trainer-crds' },
      {
        module: 'github.com/ray-project/kuberay/ray-operator@v1.4.2',
        from: 'config/crd/bases',
        to: 'dep-crds/ray-operator-crds',
      },
      {
        module: 'github.com/project-codeflare/appwrapper@v1.1.2',
        from: 'config/crd/bases',
        to: 'dep-crds/appwrapper-crds',
      },
      {
        module: 'k8s.io/autoscaler/cluster-autoscaler/apis@v0.0.0-20240830133931-adfbe7e45277',
        from: 'config/crd',
        to: 'dep-crds/cluster-autoscaler',
      },
    ],
    leftOut: {
      [RACE]: [
        'Should mark old pending workload-slice evicted by scheduler as finished',
        'Should readmit preempted Job with priorityClass in alternative flavor with admission check',
      ],
    },
  },
  {
    name: 'karpenter',
    module: 'sigs.k8s.io/karpenter@v1.14.0',
    packages: ['pkg/apis/v1', 'pkg/controllers/nodeclaim/lifecycle', 'pkg/controllers/state'],
  },
  {
    name: 'gatekeeper',
    module: 'github.com/open-policy-agent/gatekeeper/v3@v3.23.1',
    packages: ['pkg/watch', 'pkg/controller/config', 'pkg/controller/mutators/core', 'pkg/readiness'],
  },
];
