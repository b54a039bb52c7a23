import type { MessagePort } from 'node:worker_threads';
import { serveAsked } from '@weir/adapters/threads';
import type { DriftWindow } from './drift-book';
import { MonitorCore, type HighError, type LabelledRow, type ModelsNow, type MonitorJob, type StepReport } from './monitor-core';
import type { WeekQuality } from './quality-book';

/** What the monitors can be asked, and what they answer. */
export interface MonitorCalls {
  use: { readonly asked: ModelsNow; readonly answer: null };
  step: { readonly asked: number; readonly answer: StepReport };
  label: { readonly asked: { readonly labelled: readonly LabelledRow[]; readonly cursor: number }; readonly answer: readonly HighError[] };
  labelsThrough: { readonly asked: null; readonly answer: number };
  weeks: { readonly asked: string | null; readonly answer: readonly WeekQuality[] };
  windows: { readonly asked: null; readonly answer: readonly DriftWindow[] };
  close: { readonly asked: null; readonly answer: null };
}
export type MonitorCall = keyof MonitorCalls;
export type MonitorQuestion = { readonly [Call in MonitorCall]: { readonly call: Call; readonly asked: MonitorCalls[Call]['asked'] } }[MonitorCall];

/** Answers a `MonitorThread` at the other end of the port. */
export function serveMonitor(port: MessagePort, job: MonitorJob): void {
  const core = new MonitorCore(job);
  serveAsked<MonitorQuestion, unknown>(port, async (question) => {
    switch (question.call) {
      case 'use': core.use(question.asked); return null;
      case 'step': return core.step(question.asked);
      case 'label': return core.label(question.asked.labelled, question.asked.cursor);
      case 'labelsThrough': return core.labelsThrough;
      case 'weeks': return core.weeks(question.asked ?? undefined);
      case 'windows': return core.windows();
      case 'close': await core.close(); return null;
    }
  });
}
