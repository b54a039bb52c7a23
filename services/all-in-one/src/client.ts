import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';
import { workFolder } from './folders';

/** Where a running suite listens and how to speak to it. */
export interface ClientOptions {
  /** Base address; default: the one the last `weir up` wrote down. */
  readonly url?: string | undefined;
}

/** A problem the suite answered with, as an error whose findings are the problem's. */
export class ProblemError extends WeirError {
  constructor(readonly status: number, readonly problem: Readonly<Record<string, unknown>>) {
    const errors = Array.isArray(problem['errors']) ? problem['errors'] : [];
    super(status === 404 ? 'WEIR_NOT_FOUND' : 'WEIR_INPUT_INVALID', `${status} ${String(problem['title'] ?? 'answered')}${problem['detail'] ? `: ${String(problem['detail'])}` : ''}`, {
      findings: errors.map((error: Record<string, unknown>) => ({
        where: String(error['where'] ?? 'request'), field: String(error['field'] ?? ''), expected: String(error['expected'] ?? ''), got: String(error['got'] ?? ''),
      })),
    });
  }
}

/** The file in which a running suite leaves its address for the other commands. */
export const runningFile = (): string => join(workFolder(), 'running.json');

/** What a running suite has left there. */
function running(): { readonly url?: unknown; readonly data?: unknown } {
  try {
    const written: unknown = JSON.parse(readFileSync(runningFile(), 'utf8'));
    return typeof written === 'object' && written !== null ? written : {};
  } catch { return {}; } // no suite has been started here: said by whoever needs one
}

/** The data folder of the suite that runs here; undefined for none. */
export function runningData(): string | undefined {
  const { data } = running();
  return typeof data === 'string' ? data : undefined;
}

function defaultUrl(): string {
  const { url } = running();
  if (typeof url === 'string') return url;
  throw new WeirError('WEIR_USAGE', 'no running suite is known: start one with `weir up`, or give its address with --url');
}

/** Speaks to a running suite over HTTP, with the key of WEIR_API_KEY. */
export class Client {
  readonly url: string;
  private readonly key: string | undefined;
  constructor(options: ClientOptions, env: NodeJS.ProcessEnv = process.env) {
    this.url = (options.url ?? defaultUrl()).replace(/\/+$/, '');
    this.key = env['WEIR_API_KEY'];
  }

  /** Sends and checks the status. @throws ProblemError for 4xx and 5xx, WeirError WEIR_USAGE when nobody listens. */
  async send(method: string, path: string, body?: { readonly text: string | Uint8Array<ArrayBuffer>; readonly type: string }, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${this.url}${path}`, {
        method,
        headers: { ...(this.key ? { authorization: `Bearer ${this.key}` } : {}), ...(body ? { 'content-type': body.type } : {}), ...headers },
        ...(body ? { body: body.text } : {}),
      });
    } catch (cause) {
      throw new WeirError('WEIR_USAGE', `no suite answers at ${this.url}: is it running?`, { cause, retriable: true });
    }
    if (response.status < 400) return response;
    const text = await response.text();
    let problem: Record<string, unknown>;
    try { problem = JSON.parse(text) as Record<string, unknown>; } catch { problem = { title: response.statusText, detail: text.slice(0, 300) }; }
    if (response.status === 401) problem = { ...problem, detail: `${String(problem['detail'] ?? '')} (set WEIR_API_KEY to a key of this suite)` };
    throw new ProblemError(response.status, problem);
  }

  async json(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.send(method, path, body === undefined ? undefined : { text: JSON.stringify(body), type: 'application/json' });
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  }
}
