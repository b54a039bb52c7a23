export * from './item-border';
export * from './lane-keeper';
export * from './lane-work';
export * from './origin-header';
export * from './reply';
export * from './stage-work';
export * from './work-runner';
export * from './simulation';
