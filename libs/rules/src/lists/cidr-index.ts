import { maskAddress, maskIpv4, parseAddress, parseNetwork } from './address';

/**
 * Networks by prefix length: a look-up asks one hash per length in use (at most 33 and 129), whatever the number of entries.
 * `T` is what is kept per network.
 */
export class CidrIndex<T> {
  private readonly v4 = new Map<number, Map<number, T>>();
  private readonly v6 = new Map<number, Map<bigint, T>>();

  set(text: string, value: T): void {
    const network = parseNetwork(text);
    if (network?.address.family === 4) mapAt(this.v4, network.prefix).set(network.address.bits, value);
    else if (network?.address.family === 6) mapAt(this.v6, network.prefix).set(network.address.bits, value);
  }

  delete(text: string): void {
    const network = parseNetwork(text);
    if (network?.address.family === 4) this.v4.get(network.prefix)?.delete(network.address.bits);
    else if (network?.address.family === 6) this.v6.get(network.prefix)?.delete(network.address.bits);
  }

  /** Whether a network that contains the address passes the test; undefined when the text is no address. */
  some(text: string, test: (value: T) => boolean): boolean | undefined {
    const address = parseAddress(text);
    if (!address) return undefined;
    if (address.family === 4) {
      for (const [prefix, networks] of this.v4) {
        const found = networks.get(maskIpv4(address.bits, prefix));
        if (found !== undefined && test(found)) return true;
      }
      return false;
    }
    for (const [prefix, networks] of this.v6) {
      const masked = maskAddress(address, prefix);
      const found = masked.family === 6 ? networks.get(masked.bits) : undefined;
      if (found !== undefined && test(found)) return true;
    }
    return false;
  }
}

function mapAt<K, T>(byPrefix: Map<number, Map<K, T>>, prefix: number): Map<K, T> {
  let found = byPrefix.get(prefix);
  if (!found) byPrefix.set(prefix, (found = new Map<K, T>()));
  return found;
}
