import type { MessagePort } from 'node:worker_threads';
import { Explainers, type Explained, type ExplainedModel } from './explainers';

export interface ExplainQuestion { readonly number: number; readonly model: ExplainedModel; readonly row: Float64Array }
export interface ExplainAnswer { readonly number: number; readonly explained?: Explained | undefined; readonly error?: string }

/** Answers an `ExplainThread` at the other end of the port. */
export function serveExplainers(port: MessagePort, folder: string): void {
  const explainers = new Explainers(folder);
  port.on('message', ({ number, model, row }: ExplainQuestion) => {
    explainers.explain(model, row).then(
      (explained): ExplainAnswer => ({ number, explained }),
      (error: unknown): ExplainAnswer => ({ number, error: error instanceof Error ? error.message : String(error) }),
    ).then((answer) => port.postMessage(answer), () => undefined);
  });
}
