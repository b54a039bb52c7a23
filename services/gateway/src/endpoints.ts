import * as alerts from './controllers/alerts.controller';
import * as backtests from './controllers/backtests.controller';
import * as cases from './controllers/cases.controller';
import * as decisions from './controllers/decisions.controller';
import * as definitions from './controllers/definitions.controller';
import * as docs from './controllers/docs.controller';
import * as entities from './controllers/entities.controller';
import * as feast from './controllers/feast.controller';
import * as features from './controllers/features.controller';
import * as history from './controllers/history.controller';
import * as hotKeys from './controllers/hot-keys.controller';
import * as keys from './controllers/keys.controller';
import * as lists from './controllers/lists.controller';
import * as matches from './controllers/matches.controller';
import * as models from './controllers/models.controller';
import * as operations from './controllers/operations.controller';
import * as processes from './controllers/process.controller';
import * as proposals from './controllers/proposals.controller';
import * as verification from './controllers/verification.controller';
import * as reprocess from './controllers/reprocess.controller';
import * as records from './controllers/records.controller';
import * as snoozes from './controllers/snoozes.controller';
import * as status from './controllers/status.controller';
import * as tables from './controllers/tables.controller';
import * as transactionsController from './controllers/transactions.controller';
import * as transactions from './controllers/transactions.endpoints';
import { Endpoint } from './http/endpoint';

/** Every endpoint there is: what a controller's file exports. */
export const endpoints: readonly Endpoint[] = [transactions, records, decisions, cases, entities, features, feast, definitions, proposals, models, lists, snoozes, tables, alerts, matches, operations, backtests, reprocess, verification, history, hotKeys, keys, status, processes, docs]
  .flatMap((file): unknown[] => Object.values(file)).filter((exported) => exported instanceof Endpoint);

export const controllers = [
  transactionsController.TransactionsController, decisions.DecisionsController, cases.CasesController, entities.EntitiesController, features.FeaturesController, feast.FeastController, definitions.DefinitionsController, proposals.ProposalsController, lists.ListsController, snoozes.SnoozesController, alerts.AlertsController, matches.MatchesController,
  tables.TablesController, operations.OperationsController, keys.KeysController, records.RecordsController, backtests.BacktestsController, reprocess.ReprocessController, verification.VerificationController, history.HistoryController, hotKeys.HotKeysController, models.ModelsController, status.StatusController, processes.ProcessController, docs.DocsController,
];

/** Methods allowed at a path, for 405; empty where nothing is. */
export function allowedMethods(path: string): readonly string[] {
  const found = endpoints.filter(({ spec }) => pathPattern(spec.path).test(path)).map(({ spec }) => spec.method as string);
  return [...new Set(found.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))].sort();
}

const pathPattern = (path: string): RegExp => new RegExp(`^(/v1)?${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}/?$`);
