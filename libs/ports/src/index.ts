export * from './event-log';
export * from './online-store';
export * from './model-runtime';
export * from './clock';
