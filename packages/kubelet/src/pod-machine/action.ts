import type { Container } from '@navarch/api';

/**
 * One step towards what the pod should be. Any of them may be begun again after a crash at any point. A step is wanted
 * for as long as decide() says it; the worker ends the ones that it no longer says.
 */
export type Action =
  | { readonly type: 'prepare-volumes' }
  | { readonly type: 'tear-down-volumes' }
  /** `after` is the sandbox that died. */
  | { readonly type: 'start-sandbox'; readonly attempt: number; readonly after: string | undefined }
  | { readonly type: 'stop-sandbox'; readonly id: string }
  | { readonly type: 'remove-sandbox'; readonly id: string }
  | StartContainer
  | { readonly type: 'post-start'; readonly container: Container; readonly id: string }
  | PreStop
  | StopContainer
  | ResizeContainer
  | { readonly type: 'remove-container'; readonly name: string; readonly attempt: number; readonly id: string }
  /** Nothing runs any more: nothing may be left, and the API may forget the pod. */
  | { readonly type: 'finish' };

export interface StartContainer {
  readonly type: 'start-container';
  readonly container: Container;
  readonly attempt: number;
  readonly sandboxId: string;
  /** Starts in a row that this one comes after. */
  readonly failures: number;
  /** An instance that was made and never started: its maker is gone, and what it was made of may have changed. */
  readonly replaces: string | undefined;
}

/** Both resources as texts of `resourcesText`. */
export interface ResizeContainer {
  readonly type: 'resize-container';
  readonly container: Container;
  readonly id: string;
  readonly given: string;
  readonly wanted: string;
}

export interface PreStop {
  readonly type: 'pre-stop';
  readonly container: Container;
  readonly id: string;
  /** When the grace is over, milliseconds of the wall clock. */
  readonly killBy: number;
  readonly message: string;
}

export interface StopContainer {
  readonly type: 'stop-container';
  readonly name: string;
  readonly id: string;
  readonly killBy: number;
  /** Seconds between asking the container to end and ending it. */
  readonly graceSeconds: number;
  readonly message: string;
}

/** Two actions with one key are the same step, decided twice. */
export function actionKey(action: Action): string {
  switch (action.type) {
    case 'prepare-volumes':
    case 'tear-down-volumes':
    case 'finish':
      return action.type;
    case 'start-sandbox':
      return `${action.type} ${action.attempt}`;
    case 'start-container':
      return `${action.type} ${action.container.name} ${action.attempt}`;
    case 'resize-container':
      return `${action.type} ${action.id} ${action.wanted}`;
    default:
      return `${action.type} ${action.id}`;
  }
}
