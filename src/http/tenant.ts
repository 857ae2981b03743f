/** In whose name a request takes what is scarce. */
import type {Identity} from '../auth/identity.ts';
import {networkOf} from '../lib/addressRanges.ts';

/** The identity; of the anonymous the address, and of IPv6 its network, since one host may have as many addresses as it likes. */
export const tenantOf = ({client: {address}, identity}: {client: {address: string}; identity?: Identity}): string => {
	if (identity && identity.kind !== 'anonymous') return identity.name;
	return networkOf(address);
};
