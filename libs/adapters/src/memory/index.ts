export * from './memory-event-log';
export * from './memory-online-store';
