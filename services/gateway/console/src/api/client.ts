import type { CaseWithComments, DecisionRecord, DriftWindow, LineageGraph, Links, Match, ModelNow, ModelWeek, NearMisses, PatternDocument, Resolution, ReviewCase, Standing, StoredAlert, Timeline, VerificationNow, Who } from './types';

/** What the gateway said instead of an answer. */
export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** What a page says of it. */
export const complaintOf = (error: unknown): string => (error instanceof ApiError ? error.message : 'The gateway cannot be reached.');

/** The gateway, asked with one key. */
export class ApiClient {
  constructor(readonly key: string) {}

  who(): Promise<Who> {
    return this.get<Who>('/keys/self');
  }
  decision(id: string): Promise<DecisionRecord> {
    return this.get<DecisionRecord>(`/decisions/${encodeURIComponent(id)}`);
  }
  byTransactionId(transactionId: string): Promise<DecisionRecord> {
    return this.get<DecisionRecord>(`/transactions/${encodeURIComponent(transactionId)}`);
  }
  nearMisses(id: string): Promise<NearMisses> {
    return this.get<NearMisses>(`/decisions/${encodeURIComponent(id)}/near-misses`);
  }
  search(query: URLSearchParams): Promise<{ decisions: DecisionRecord[]; next: string | null }> {
    return this.get(`/decisions?${query.toString()}`);
  }

  cases(query: Readonly<Record<string, string>>): Promise<{ cases: ReviewCase[]; next: string | null }> {
    return this.get(`/cases?${new URLSearchParams(query).toString()}`);
  }
  case(id: string): Promise<CaseWithComments> {
    return this.get(`/cases/${encodeURIComponent(id)}`);
  }
  claim(id: string): Promise<ReviewCase> {
    return this.post(`/cases/${encodeURIComponent(id)}/claim`, {});
  }
  comment(id: string, text: string): Promise<CaseWithComments> {
    return this.post(`/cases/${encodeURIComponent(id)}/comment`, { text });
  }
  resolve(id: string, resolution: Resolution, list: string | undefined): Promise<ReviewCase> {
    return this.post(`/cases/${encodeURIComponent(id)}/resolve`, { resolution, ...(list === undefined ? {} : { list: { name: list } }) });
  }
  alerts(query: Readonly<Record<string, string>>): Promise<{ alerts: StoredAlert[]; next: string | null }> {
    return this.get(`/alerts?${new URLSearchParams(query).toString()}`);
  }
  closeAlert(id: string): Promise<StoredAlert> {
    return this.post(`/alerts/${encodeURIComponent(id)}/close`, {});
  }
  lists(): Promise<{ lists: { name: string; of: string; effect: string }[] }> {
    return this.get('/lists');
  }
  timeline(type: string, id: string, cursor?: string): Promise<Timeline> {
    return this.get(`/entities/${encodeURIComponent(type)}/${encodeURIComponent(id)}/timeline?limit=100${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
  }
  links(type: string, id: string): Promise<Links> {
    return this.get(`/entities/${encodeURIComponent(type)}/${encodeURIComponent(id)}/links`);
  }
  models(): Promise<{ models: ModelNow[] }> {
    return this.get('/models');
  }
  modelQuality(): Promise<{ weeks: ModelWeek[] }> {
    return this.get('/models/quality');
  }
  modelDrift(): Promise<{ windows: DriftWindow[] }> {
    return this.get('/models/drift');
  }
  lineage(of?: string): Promise<LineageGraph> {
    return this.get(`/lineage${of === undefined ? '' : `?${new URLSearchParams({ of }).toString()}`}`);
  }
  verification(): Promise<VerificationNow> {
    return this.get('/verification');
  }
  patterns(): Promise<{ definitions: PatternDocument[] }> {
    return this.get('/definitions/Pattern');
  }
  matches(query: Readonly<Record<string, string>>): Promise<{ matches: Match[]; next: string | null }> {
    return this.get(`/matches?${new URLSearchParams(query).toString()}`);
  }
  standing(type: string, id: string, pattern: string): Promise<Standing> {
    return this.get(`/entities/${encodeURIComponent(type)}/${encodeURIComponent(id)}/why-not?pattern=${encodeURIComponent(pattern)}`);
  }
  /** Entity types by the one field of their keys, asked for once. */
  entityTypes(): Promise<ReadonlyMap<string, string>> {
    return (this.knownTypes ??= this.get<{ definitions: { name: string; key: string[] }[] }>('/definitions/Entity')
      .then(({ definitions }) => new Map(definitions.flatMap(({ name, key }) => (key.length === 1 ? key.map((field) => [field, name] as const) : [])))));
  }
  private knownTypes: Promise<ReadonlyMap<string, string>> | undefined;

  /** The open event stream. */
  async stream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.fetch('/stream', signal);
    if (response.body === null) throw new ApiError(response.status, 'the stream is empty');
    return response.body;
  }

  private async get<T>(path: string): Promise<T> {
    const response = await this.fetch(path);
    return (await response.json()) as T; // the gateway checks its answers against the same types
  }

  private async post<T>(path: string, body: unknown): Promise<T> {
    const response = await fetch(path, { method: 'POST', headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' }, body: JSON.stringify(body), cache: 'no-store' });
    if (!response.ok) throw new ApiError(response.status, await complaint(response));
    return (await response.json()) as T; // as in `get`
  }

  private async fetch(path: string, signal?: AbortSignal): Promise<Response> {
    const response = await fetch(path, { headers: { authorization: `Bearer ${this.key}` }, cache: 'no-store', ...(signal === undefined ? {} : { signal }) });
    if (response.ok && response.status !== 202) return response;
    throw new ApiError(response.status, await complaint(response));
  }
}

async function complaint(response: Response): Promise<string> {
  if (response.status === 202) return 'This transaction is still being decided.';
  try {
    const problem = (await response.json()) as { detail?: unknown; title?: unknown };
    return String(problem.detail ?? problem.title ?? response.statusText);
  } catch {
    return response.statusText;
  }
}
