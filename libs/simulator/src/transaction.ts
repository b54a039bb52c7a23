/** Why a transaction is a fraud; `none` when it is not. The place in the list is the code in a day's columns. */
export const fraudKinds = ['none', 'large_amount', 'compromised_terminal', 'compromised_customer', 'card_testing', 'shared_device'] as const;
export type FraudKind = (typeof fraudKinds)[number];
export const fraudCode = Object.freeze({ none: 0, large_amount: 1, compromised_terminal: 2, compromised_customer: 3, card_testing: 4, shared_device: 5 });

/** The event as the payment system would send it: no label in it. */
export interface CardTransaction {
  readonly transaction_id: string;
  /** ms since the epoch. */
  readonly event_time: number;
  /** 16 digits of a test range that pass the Luhn check; no card has such a number. */
  readonly card_id: string;
  readonly customer_id: string;
  readonly terminal_id: string;
  readonly merchant_id: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly device_id: string;
  readonly ip: string;
  readonly email: string;
  readonly country: string;
  readonly city: string;
  readonly lat: number;
  readonly lon: number;
  readonly status: 'authorised' | 'declined';
}

/** An event and, apart from it, what only the simulator knows. */
export interface SimulatedTransaction {
  readonly event: CardTransaction;
  readonly fraud: 0 | 1;
  readonly fraud_kind: FraudKind;
}

/** A label as an investigation would send it. */
export interface FraudLabel {
  readonly transaction_id: string;
  readonly fraud: boolean;
  readonly by: string;
  /** When it became known, ms. */
  readonly at: number;
  readonly source: string;
}

/** The row of a labelled file: the event's fields, then `fraud` and `fraud_kind`. */
export const labelledRow = (transaction: SimulatedTransaction): CardTransaction & { fraud: 0 | 1; fraud_kind: FraudKind } =>
  ({ ...transaction.event, fraud: transaction.fraud, fraud_kind: transaction.fraud_kind });

/** The label of a transaction, known `delayMs` after it (a chargeback takes days). */
export const labelOf = (transaction: SimulatedTransaction, delayMs: number): FraudLabel =>
  ({ transaction_id: transaction.event.transaction_id, fraud: transaction.fraud === 1, by: 'simulator', at: transaction.event.event_time + delayMs, source: 'chargeback' });
