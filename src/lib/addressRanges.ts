/** IP addresses, ranges of them in CIDR notation, and whose they are. */
import {BlockList, isIP, isIPv6} from 'node:net';

export type IsAddress = (address: string) => boolean;

/** Whether an address is one of these or lies in one of these ranges, which must have been proven. */
export const isAmong = (ranges: readonly string[]): IsAddress => {
	if (ranges.length === 0) return () => false;
	const list = new BlockList();
	for (const range of ranges) {
		const [address = '', bits] = range.split('/');
		const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
		if (bits === undefined) list.addAddress(address, family);
		else list.addSubnet(address, Number(bits), family);
	}
	return address => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
};

/** An address, or one with the number of bits that it shares with others. */
export const isAddressRange = (text: string): boolean => {
	const [ip = '', bits, ...more] = text.split('/');
	const width = {0: -1, 4: 32, 6: 128}[isIP(ip)] ?? -1;
	return more.length === 0 && width > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= width));
};

/** By what limits count an address: itself, and of IPv6 its first 64 bits, since one host may have as many of those addresses as it likes. */
export const networkOf = (address: string): string => {
	const plain = plainAddress(address);
	// Asked several times of each request, and the look at all that may be IPv6 takes longer than the rest.
	if (!plain.includes(':') || !isIPv6(plain)) return plain;
	const [head = '', tail] = plain.split('%', 1)[0]?.split('::') ?? [];
	const groups = head === '' ? [] : head.split(':');
	const zeros = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter(group => group !== '').length;
	return `${[...groups, ...Array.from({length: zeros}, () => '0')].slice(0, 4).join(':')}::/64`;
};

/** An IPv6 socket shows an IPv4 peer as ::ffff:127.0.0.1. */
export const plainAddress = (address: string): string =>
	address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
