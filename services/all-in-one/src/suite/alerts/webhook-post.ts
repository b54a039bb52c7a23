import { lookup as resolveName, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { hostOf, isPrivateAddress, webhookUrlFault } from './webhook-address';

/** What a call came to. `refused`: it must not be made at all. */
export type PostResult = { readonly kind: 'answered'; readonly status: number } | { readonly kind: 'failed'; readonly why: string } | { readonly kind: 'refused'; readonly why: string };

export interface PostOptions { readonly timeoutMs: number; readonly allowPrivate: boolean; readonly signal: AbortSignal }

class PrivateAddressError extends Error { override readonly name = 'PrivateAddressError'; }

/**
 * One POST, without redirects and through no proxy. The address that a name resolves to is judged as the connection is made, so a name cannot point
 * inside after it was looked at. What comes back is not read.
 */
export function postWebhook(address: string, message: { readonly headers: Readonly<Record<string, string>>; readonly body: string }, options: PostOptions): Promise<PostResult> {
  const fault = webhookUrlFault(address, options);
  if (fault !== undefined) return Promise.resolve({ kind: 'refused', why: `${fault.expected} is expected, got ${fault.got}` });
  const url = new URL(address);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const call = send(url, {
      method: 'POST', agent: false, signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]),
      headers: { ...message.headers, 'content-length': String(Buffer.byteLength(message.body)) },
      ...(isIP(hostOf(url)) === 0 && !options.allowPrivate ? { lookup: publicLookup } : {}),
    }, (response: IncomingMessage) => {
      response.destroy();
      resolve({ kind: 'answered', status: response.statusCode ?? 0 });
    });
    call.on('error', (error) => resolve(error instanceof PrivateAddressError ? { kind: 'refused', why: error.message } : { kind: 'failed', why: error.name === 'Error' ? error.message : error.name }));
    call.end(message.body);
  });
}

/** A name all of whose addresses are public. */
const publicLookup: LookupFunction = (host, options, found) => {
  resolveName(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const inside = error === null ? addresses.find(({ address }) => isPrivateAddress(address)) : undefined;
    const first = addresses?.[0];
    if (error !== null) found(error, []);
    else if (inside !== undefined || first === undefined) found(new PrivateAddressError(`${host} resolves to the private ${inside?.address ?? 'nothing'}`), []);
    else if (options.all === true) found(null, addresses);
    else found(null, first.address, first.family);
  });
};
