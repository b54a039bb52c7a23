export * from './trace-receiver';
