export * from './to-raw-body';
export * from './tokeniser';
export * from './timestamps';
export * from './money';
export * from './text-values';
