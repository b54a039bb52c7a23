import type { MessagePort } from 'node:worker_threads';
import { serveAsked } from '@weir/adapters/threads';
import { Explainers, type Explained, type ExplainedModel } from './explainers';

export interface ExplainQuestion { readonly model: ExplainedModel; readonly row: Float64Array }

/** Answers an `ExplainThread` at the other end of the port. */
export function serveExplainers(port: MessagePort, folder: string): void {
  const explainers = new Explainers(folder);
  serveAsked<ExplainQuestion, Explained | undefined>(port, ({ model, row }) => explainers.explain(model, row));
}
