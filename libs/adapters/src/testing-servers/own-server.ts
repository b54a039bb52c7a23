import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { serversScript, type TestServer } from './test-server';

const run = promisify(execFile);
const actionMsMax = 600_000;

/** Settings of a Redis of one suite's own: a list of arguments per server; `{dir}` is where the files are, `{port:0}` … the servers' ports. */
export interface OwnRedisSpec { readonly servers: ReadonlyArray<readonly string[]>; readonly files?: Readonly<Record<string, string>> }
/** Settings of a broker of one suite's own. With `secure` it listens a second time, by TLS and SASL. `advertised`: the address it gives out instead of its own, e.g. a proxy's. */
export interface OwnKafkaSpec { readonly secure?: boolean; readonly advertised?: string; readonly more?: Readonly<Record<string, string>>; readonly files?: Readonly<Record<string, string>> }

/** A server that one suite has for itself, and may stop, kill, freeze and start again. Its ports stay the same. */
export class OwnServer {
  private constructor(private readonly id: string, /** `host:port` of each. */ readonly addresses: readonly string[]) {}

  static redis(spec: OwnRedisSpec): Promise<OwnServer> { return OwnServer.#make('redis', spec); }
  static kafka(spec: OwnKafkaSpec): Promise<OwnServer> { return OwnServer.#make('kafka', spec); }

  static async #make(kind: string, spec: unknown): Promise<OwnServer> {
    const { stdout } = await run(process.execPath, [serversScript, 'own', kind, JSON.stringify(spec), String(process.pid)], { timeout: actionMsMax });
    const made: unknown = JSON.parse(stdout);
    if (typeof made !== 'object' || made === null || !('id' in made) || !('urls' in made) || !Array.isArray(made.urls)) throw new Error(`no ${kind} of its own: ${stdout}`);
    return new OwnServer(String(made.id), made.urls.map(String));
  }

  get address(): string { return this.addresses[0] ?? ''; }
  /** Without a word, as by a power failure. */
  kill(): Promise<void> { return this.#act('kill'); }
  stop(): Promise<void> { return this.#act('stop'); }
  /** Resolves once it listens. */
  start(): Promise<void> { return this.#act('start'); }
  /** It keeps its connections and answers nothing. */
  pause(): Promise<void> { return this.#act('pause'); }
  resume(): Promise<void> { return this.#act('resume'); }
  remove(): Promise<void> { return this.#act('remove'); }

  async #act(action: string): Promise<void> { await run(process.execPath, [serversScript, 'act', this.id, action], { timeout: actionMsMax }); }
}

/** Whether servers of one's own can be had of the kind, and by which host; for `describeOn`. */
export function ownServers(kind: 'redis' | 'kafka'): TestServer {
  const { status, stdout, stderr } = spawnSync(process.execPath, [serversScript, 'way', kind], { encoding: 'utf8', timeout: actionMsMax });
  const name = `a ${kind} of its own`;
  if (status !== 0) return { name, unavailable: stderr.trim() };
  const answer: unknown = JSON.parse(stdout);
  if (typeof answer === 'object' && answer !== null && 'host' in answer) return { name, url: String(answer.host) };
  return { name, unavailable: typeof answer === 'object' && answer !== null && 'unavailable' in answer ? String(answer.unavailable) : stdout };
}
