import type { DecisionRecord, Who } from './types';

/** What the gateway said instead of an answer. */
export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

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
  search(query: URLSearchParams): Promise<{ decisions: DecisionRecord[]; next: string | null }> {
    return this.get(`/decisions?${query.toString()}`);
  }

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
