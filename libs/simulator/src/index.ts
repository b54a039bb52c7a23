export { simulate } from './simulate';
export { defaultFraud, type DriftOptions, type FraudOptions, type SimulationOptions } from './options';
export { fraudKinds, labelledRow, labelOf, type CardTransaction, type FraudKind, type FraudLabel, type SimulatedTransaction } from './transaction';
export { isLuhnValid, testCardNumber } from './card-number';
