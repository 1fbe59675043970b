/** Upstream's points at which plugins act, as a configuration names them. */
export type ExtensionPoint =
  | 'preEnqueue'
  | 'queueSort'
  | 'preFilter'
  | 'filter'
  | 'postFilter'
  | 'preScore'
  | 'score'
  | 'reserve'
  | 'permit'
  | 'preBind'
  | 'bind'
  | 'postBind'
  | 'placementGenerate'
  | 'placementScore'
  | 'podGroupPostFilter';
