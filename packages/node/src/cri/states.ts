import type { Messages, Protocol } from '../grpc/index.ts';
import { protocol as whole } from './generated/description.ts';

const ofState = (type: string): Messages[string] =>
  (whole.messages as Messages)[type]?.filter(([name]) => name === 'id' || name === 'state') ?? [];

/** CRI, with two more ways to read its lists: what else an entry says is skipped, not read. */
export const protocol = {
  ...whole,
  messages: {
    ...whole.messages,
    PodSandboxAndState: ofState('PodSandbox'),
    ContainerAndState: ofState('Container'),
    ListSandboxStatesResponse: [['items', 1, 'PodSandboxAndState', 'repeated']],
    ListContainerStatesResponse: [['containers', 1, 'ContainerAndState', 'repeated']],
  },
  methods: {
    ...whole.methods,
    listSandboxStates: [whole.methods.listPodSandbox[0], 'ListPodSandboxRequest', 'ListSandboxStatesResponse', false],
    listContainerStates: [
      whole.methods.listContainers[0],
      'ListContainersRequest',
      'ListContainerStatesResponse',
      false,
    ],
  },
} as const satisfies Protocol;
