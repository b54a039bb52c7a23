import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** `t=SECONDS,v1=HEX`: HMAC-SHA-256 of `SECONDS.BODY` under the key, so that neither the body nor its time can be changed. */
export function signatureOf(body: string, key: Uint8Array, atMs: number): string {
  const seconds = Math.floor(atMs / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex')}`;
}

/** What a receiver does: the signature is of this body, and not older or newer than `toleranceMs`. */
export function isSignedBy(body: string, header: string, key: Uint8Array, now: { readonly nowMs: number; readonly toleranceMs: number }): boolean {
  const [, seconds, given] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (seconds === undefined || given === undefined || Math.abs(now.nowMs - Number(seconds) * 1_000) > now.toleranceMs) return false;
  return timingSafeEqual(Buffer.from(given, 'hex'), createHmac('sha256', key).update(`${seconds}.${body}`).digest());
}

/** The same for every attempt, after a restart too. */
export const deliveryId = (alertId: string, url: string): string => createHash('sha256').update(`${alertId}\n${url}`).digest('hex').slice(0, 32);
