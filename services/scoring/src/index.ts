export { ScoringStage, type ScoringOptions } from './scoring-stage';
export { alertsOf, type Alert, type AlertData } from './alerts';
export { additionsOf } from './foreign-additions';
export { answerOf } from './answer';
export * from './scoring-work';
export type { ModelAnswered } from './model-host';
export { inputReaders } from './model-inputs';
