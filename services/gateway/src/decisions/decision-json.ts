import { decisionText } from '@weir/rules';
import { isDecision, type AnyDecision } from './decision-record';

/** A decision as JSON text: the same as `JSON.stringify(decisionRecord(decision))`, without the object in between. */
export const decisionJson = (decision: AnyDecision): string => (isDecision(decision) ? decisionText(decision) : JSON.stringify(decision));
