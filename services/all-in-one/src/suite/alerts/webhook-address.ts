import { BlockList, isIP } from 'node:net';

/** Networks that are not the public internet: this machine, private and link-local ones, shared, documentation, multicast and reserved ranges. */
const closed = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16],
  ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const) closed.addSubnet(network, bits, 'ipv4');
/** Of IPv6 only global unicast is public, and of that not what carries an IPv4 address or is for documentation. */
const open = new BlockList();
open.addSubnet('2000::', 3, 'ipv6');
for (const [network, bits] of [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]] as const) closed.addSubnet(network, bits, 'ipv6');

/** Whether an IP address is one of a private network, or otherwise none of the public internet. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return closed.check(address, 'ipv4');
  return family !== 6 || !open.check(address, 'ipv6') || closed.check(address, 'ipv6');
}

/** What is wrong with an address to deliver to; undefined when nothing is. A name is resolved, and judged, only when it is called. */
export function webhookUrlFault(text: string, options: { readonly allowPrivate: boolean }): { readonly expected: string; readonly got: string } | undefined {
  if (!URL.canParse(text)) return { expected: 'an address such as https://example.org/alerts', got: 'no address' };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { expected: 'http or https', got: url.protocol.slice(0, -1) };
  if (url.username !== '' || url.password !== '') return { expected: 'no user and password in the address: definitions are no place for secrets', got: 'an address with them' };
  if (url.hash !== '') return { expected: 'no fragment', got: url.hash };
  const host = hostOf(url);
  const isPrivate = isIP(host) === 0 ? host === 'localhost' || host.endsWith('.localhost') : isPrivateAddress(host);
  return isPrivate && !options.allowPrivate ? { expected: 'a public address, or WEIR_WEBHOOK_PRIVATE=true', got: `the private ${host}` } : undefined;
}

/** Without the brackets of IPv6. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
