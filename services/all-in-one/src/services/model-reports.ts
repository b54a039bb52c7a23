import type { ReplySender } from '@weir/pipeline';
import type { ModelNote } from '../suite/models/model-meter';

/** Where gateways listen for how models do. */
export const modelReportsAddress = 'models';
const everyMs = 500;
/** Notes that wait for a report; of more only so many are told: the figures are of a minute and of shares. */
const notesMax = 1_000;

/** Tells the gateways how models did where they were asked; best effort, for nothing that decides reads it. */
export class ModelReports {
  private notes: ModelNote[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly replies: () => ReplySender) {}

  note({ model: { name, version }, rows, failed, unanswered, tookMs }: ModelNote): void {
    if (this.notes.length >= notesMax) return;
    this.notes.push({ model: { name, version }, rows, failed, unanswered, tookMs });
    this.timer ??= setTimeout(() => { this.send(); }, everyMs).unref();
  }

  stop(): void { clearTimeout(this.timer); }

  private send(): void {
    this.timer = undefined;
    this.replies().send(modelReportsAddress, Buffer.from(JSON.stringify(this.notes), 'utf8'));
    this.notes = [];
  }
}

/** Notes of a report, as they were written by `ModelReports` of this or another version. */
export function readModelReport(bytes: Uint8Array): readonly ModelNote[] {
  const notes: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return Array.isArray(notes) ? notes.filter(isNote) : [];
}

const numbers = ['rows', 'failed', 'unanswered', 'tookMs'];

function isNote(value: unknown): value is ModelNote {
  if (typeof value !== 'object' || value === null || !('model' in value) || typeof value.model !== 'object' || value.model === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value)), model = new Map<string, unknown>(Object.entries(value.model));
  return typeof model.get('name') === 'string' && typeof model.get('version') === 'number' && numbers.every((name) => typeof fields.get(name) === 'number');
}
