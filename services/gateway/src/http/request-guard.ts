import type { Clock } from '@weir/ports';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { GatewayOptions } from '../gateway.config';
import { hasRole, type Principal } from '../roles';
import { endpointOf, type Endpoint } from './endpoint';
import { hashApiKey, type KeyRing } from './key-ring';
import { problems } from './problem';
import { RateLimiter } from './rate-limiter';

const namesMax = 10_000;

/**
 * Stands before every request, before its body is read: is there room, whose key is it, may it do this, has it asked too often. A key that
 * is known is judged without waiting.
 */
export class RequestGuard {
  private requests = 0;
  private batches = 0;
  private readonly keyLimiter: RateLimiter;
  private readonly strangerLimiter: RateLimiter;

  constructor(private readonly keyRing: KeyRing, private readonly clock: Clock, private readonly options: GatewayOptions) {
    this.keyLimiter = new RateLimiter({ ratePerSecond: options.keyRateMax, burst: options.keyBurstMax, namesMax });
    this.strangerLimiter = new RateLimiter({ ratePerSecond: options.strangerRateMax, burst: options.strangerBurstMax, namesMax });
  }

  /** Requests and batches being answered. */
  get inFlight(): { readonly requests: number; readonly batches: number } {
    return { requests: this.requests, batches: this.batches };
  }

  /** Fastify's onRequest hook. */
  readonly onRequest = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const endpoint = endpointOf(request);
    if (endpoint === undefined) return done();
    if (endpoint.spec.unlimited !== true && !this.enter(endpoint, reply)) return done(problems.overloaded('as many requests as allowed are being answered'));
    if (endpoint.spec.role === null) return done();
    this.authenticate(endpoint, request, done);
  };

  /** `close` comes after every answer, also where the caller went away. */
  private enter(endpoint: Endpoint, reply: FastifyReply): boolean {
    if (endpoint.spec.batch === true) {
      if (this.batches >= this.options.batchesInFlightMax) return false;
      this.batches++;
      reply.raw.once('close', () => { this.batches--; });
    } else {
      if (this.requests >= this.options.inFlightMax) return false;
      this.requests++;
      reply.raw.once('close', () => { this.requests--; });
    }
    return true;
  }

  private authenticate(endpoint: Endpoint, request: FastifyRequest, done: HookHandlerDoneFunction): void {
    const nowMs = this.clock.nowMs();
    const key = bearerKey(request.headers.authorization);
    if (key === undefined) return this.refuseStranger(request, nowMs, 'an API key is needed: Authorization: Bearer KEY', done);
    const keyHash = hashApiKey(key);
    const known = this.keyRing.recall(keyHash, nowMs);
    if (known !== 'unasked') return this.admit(endpoint, request, known, done);
    this.keyRing.ask(keyHash, nowMs).then((principal) => this.admit(endpoint, request, principal, done), (error: Error) => done(error));
  }

  private admit(endpoint: Endpoint, request: FastifyRequest, principal: Principal | undefined, done: HookHandlerDoneFunction): void {
    const nowMs = this.clock.nowMs();
    if (principal === undefined) return this.refuseStranger(request, nowMs, 'this API key is not known', done);
    const waitMs = this.keyLimiter.take(principal.keyId, nowMs);
    if (waitMs > 0) return done(problems.rateLimited(waitMs));
    const { role } = endpoint.spec;
    if (role !== null && !hasRole(principal, role)) return done(problems.forbidden(`this needs the role ${role}; the key has ${principal.roles.join(', ')}`));
    request.principal = principal;
    done();
  }

  private refuseStranger(request: FastifyRequest, nowMs: number, why: string, done: HookHandlerDoneFunction): void {
    const waitMs = this.strangerLimiter.take(request.ip, nowMs);
    done(waitMs > 0 ? problems.rateLimited(waitMs) : problems.unauthorised(why));
  }
}

function bearerKey(header: string | undefined): string | undefined {
  const match = header === undefined ? null : /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header);
  return match?.[1];
}
