/** The files that clients are known by. */
import type {Instruments} from './instruments.ts';

export type AuthFile = 'users' | 'keys';

export const createAuthenticationMetrics = ({gauge}: Instruments) => {
	const stale = gauge(
		'layercache_auth_file_stale',
		'1 while the file of users, or of the keys that sign tokens, cannot be used and what was in it before still holds.',
		'max',
		'file',
	);
	for (const file of ['users', 'keys'] as const) stale.set({file}, 0);

	return {recordAuthFile: (file: AuthFile, outcome: 'loaded' | 'refused') => stale.set({file}, outcome === 'refused' ? 1 : 0)};
};
