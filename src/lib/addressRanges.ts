/** IP addresses, and ranges of them in CIDR notation. */
import {BlockList, isIP} from 'node:net';

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
