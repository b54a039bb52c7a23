export * from './dependencies';
export * from './roles';
export * from './gateway.config';
export { GatewayModule } from './gateway.module';
export { GatewayServer } from './gateway-server';
export { hashApiKey, newApiKey } from './http/key-ring';
export { decisionJson } from './decisions/decision-json';
export { decisionRecord } from './decisions/decision-record';
export type { DecisionRecord } from './schemas/decision.schema';
