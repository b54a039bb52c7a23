import { IPv6 } from 'ipaddr.js';

/** An address or a network's base: IPv4 as an unsigned number, IPv6 as a bigint. */
export type Address = { readonly family: 4; readonly bits: number } | { readonly family: 6; readonly bits: bigint };

/** Four decimal parts without leading zeros, as a number; undefined for anything else (`127.1`, `0x7f…`, text). */
function parseIpv4(text: string): number | undefined {
  let bits = 0, part = -1, parts = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? 46 : text.charCodeAt(i);
    if (code === 46) {
      if (part < 0) return undefined;
      bits = bits * 256 + part;
      part = -1;
      parts++;
    } else if (code >= 48 && code <= 57 && part !== 0) {
      part = (part < 0 ? 0 : part) * 10 + code - 48;
      if (part > 255) return undefined;
    } else return undefined;
  }
  return parts === 4 ? bits : undefined;
}

/** An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is that IPv4 address, so that no list is passed by under another spelling. */
export function parseAddress(text: string): Address | undefined {
  const v4 = parseIpv4(text);
  if (v4 !== undefined) return { family: 4, bits: v4 };
  if (!text.includes(':') || !IPv6.isValid(text)) return undefined;
  const parsed = IPv6.parse(text);
  let bits = 0n;
  for (const part of parsed.parts) bits = (bits << 16n) | BigInt(part);
  return bits >> 32n === 0xffffn ? { family: 4, bits: Number(bits & 0xffff_ffffn) } : { family: 6, bits };
}

export interface Network { readonly address: Address; readonly prefix: number }

/** `10.1.0.0/16`, `2001:db8::/32` or a single address; host bits are cut off. undefined when it is none. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (!address) return undefined;
  const width = address.family === 4 ? 32 : 128;
  if (slash < 0) return { address, prefix: width };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits)) return undefined;
  const mapped = address.family === 4 && text.includes(':');
  const prefix = Number(digits) - (mapped ? 96 : 0);
  return prefix < 0 || prefix > width ? undefined : { address: maskAddress(address, prefix), prefix };
}

/** Whether a text names an address or a network, in any spelling that a `cidr` list takes. */
export const isNetwork = (text: string): boolean => parseNetwork(text) !== undefined;

export function maskAddress(address: Address, prefix: number): Address {
  if (address.family === 6) return { family: 6, bits: (address.bits >> BigInt(128 - prefix)) << BigInt(128 - prefix) };
  return { family: 4, bits: maskIpv4(address.bits, prefix) };
}

export const maskIpv4 = (bits: number, prefix: number): number => (prefix === 0 ? 0 : (bits & (-1 << (32 - prefix))) >>> 0);

/** The one spelling of a network: `10.1.0.0/16`, a single address without its length; undefined when the text is none. */
export function canonicalNetwork(text: string): string | undefined {
  const network = parseNetwork(text);
  if (!network) return undefined;
  const { address, prefix } = network;
  if (address.family === 4) {
    const dotted = [24, 16, 8, 0].map((shift) => (address.bits >>> shift) & 255).join('.');
    return prefix === 32 ? dotted : `${dotted}/${prefix}`;
  }
  const parts = Array.from({ length: 8 }, (_, i) => Number((address.bits >> BigInt(112 - 16 * i)) & 0xffffn));
  const short = new IPv6(parts).toString();
  return prefix === 128 ? short : `${short}/${prefix}`;
}
