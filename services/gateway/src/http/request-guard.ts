import type { Clock } from '@weir/ports';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { GatewayOptions } from '../gateway.config';
import { hasRole, type Principal, type Role } from '../roles';
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
    if (endpoint.roles.length === 0) return done();
    this.authenticate(endpoint.roles, request, done);
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

  /** Room for a call that is no HTTP request; `leaveCall` once it is answered. */
  enterCall(): boolean {
    if (this.requests >= this.options.inFlightMax) return false;
    this.requests++;
    return true;
  }
  leaveCall(): void { this.requests--; }

  /** Whose key it is, whether one of its roles may, and whether it asks too often: a principal, or the Problem (or what the store threw). */
  identify(caller: Caller, roles: readonly Role[], done: Identified): void {
    const nowMs = this.clock.nowMs();
    const key = bearerKey(caller.authorization);
    if (key === undefined) return this.refuseStranger(caller, nowMs, 'an API key is needed: Authorization: Bearer KEY', done);
    const keyHash = hashApiKey(key);
    const known = this.keyRing.recall(keyHash, nowMs);
    if (known !== 'unasked') return this.admit(roles, caller, known, done);
    this.keyRing.ask(keyHash, nowMs).then((principal) => this.admit(roles, caller, principal, done), (error: Error) => done(error, undefined));
  }

  private authenticate(roles: readonly Role[], request: FastifyRequest, done: HookHandlerDoneFunction): void {
    this.identify({ authorization: request.headers.authorization, get address() { return request.ip; } }, roles, (error, principal) => {
      request.principal = principal;
      done(error);
    });
  }

  private admit(roles: readonly Role[], caller: Caller, principal: Principal | undefined, done: Identified): void {
    const nowMs = this.clock.nowMs();
    if (principal === undefined) return this.refuseStranger(caller, nowMs, 'this API key is not known', done);
    const waitMs = this.keyLimiter.take(principal.keyId, nowMs);
    if (waitMs > 0) return done(problems.rateLimited(waitMs), undefined);
    if (!roles.some((role) => hasRole(principal, role))) return done(problems.forbidden(`this needs the role ${roles.join(' or ')}; the key has ${principal.roles.join(', ')}`), undefined);
    done(undefined, principal);
  }

  private refuseStranger(caller: Caller, nowMs: number, why: string, done: Identified): void {
    const waitMs = this.strangerLimiter.take(caller.address, nowMs);
    done(waitMs > 0 ? problems.rateLimited(waitMs) : problems.unauthorised(why), undefined);
  }
}

interface Caller { readonly authorization: string | undefined; readonly address: string }
/** Exactly one of the two is given. */
type Identified = (error: Error | undefined, principal: Principal | undefined) => void;

function bearerKey(header: string | undefined): string | undefined {
  const match = header === undefined ? null : /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header);
  return match?.[1];
}
