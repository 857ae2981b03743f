/** In whose name a request takes what is scarce. */
import {isIPv6} from 'node:net';
import type {Identity} from '../auth/identity.ts';

/** The identity; of the anonymous the address, and of IPv6 its network, since one host may have as many addresses as it likes. */
export const tenantOf = ({client: {address}, identity}: {client: {address: string}; identity?: Identity}): string => {
	if (identity && identity.kind !== 'anonymous') return identity.name;
	return isIPv6(address) ? networkOf(address) : address;
};

/** The first 64 bits. */
const networkOf = (address: string): string => {
	const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
	const groups = head === '' ? [] : head.split(':');
	const zeros = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter(group => group !== '').length;
	return `${[...groups, ...Array.from({length: zeros}, () => '0')].slice(0, 4).join(':')}::/64`;
};
