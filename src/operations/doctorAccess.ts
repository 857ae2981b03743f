/** What `doctor` says of who is let in. Secrets are told to nobody. */
import {isOpenToAll, isReachedByOthers} from '../config/authentication.ts';
import type {Settings} from '../config/settings.ts';
import type {Finding} from './doctor.ts';

/** Throws SettingsInvalid where the server would not start. */
export const examineAccess = (settings: Settings): Finding[] => [
	isOpenToAll(settings) ? openFinding(settings) : closedFinding(settings),
	...clearTextFindings(settings),
	administrationFinding(settings),
];

const check = 'authentication';

const openFinding = (settings: Settings): Finding =>
	isReachedByOthers(settings)
		? {
				...{check, state: 'note', fact: 'anyone who reaches the server may read, push and delete, as far as the policy lets them'},
				advice: 'LAYERCACHE_AUTH=required has clients log in: docs/auth.md',
			}
		: {check, state: 'ok', fact: 'nobody has to be anybody, on this machine alone'};

const closedFinding = ({authKeys, authKeyFile}: Settings): Finding =>
	(authKeys ?? authKeyFile)
		? {check, state: 'ok', fact: 'clients log in'}
		: {
				...{check, state: 'note', fact: 'clients log in, and their tokens are signed with a key that is drawn at each start'},
				advice: 'set LAYERCACHE_AUTH_KEY_FILE, the same for all servers of a bucket: docs/auth.md',
			};

/** A proxy that speaks TLS is told of by the URL, or may be trusted with the scheme. */
const clearTextFindings = (settings: Settings): Finding[] => {
	const {auth, tlsCert, publicUrl, trustedProxies} = settings;
	const isSecure = tlsCert !== undefined || publicUrl?.protocol === 'https:' || trustedProxies.length > 0;
	if (auth !== 'required' || isSecure || !isReachedByOthers(settings)) return [];
	return [
		{
			...{check: 'TLS', state: 'note', fact: 'passwords and tokens travel in the clear'},
			advice: 'set LAYERCACHE_TLS_CERT and LAYERCACHE_TLS_KEY, or put a proxy in front and name it in LAYERCACHE_PUBLIC_URL',
		},
	];
};

const administrationFinding = (settings: Settings): Finding => {
	const about = 'administration';
	if (settings.auth === 'required')
		return {check: about, state: 'ok', fact: 'the admin API and the dashboard are for those who may `admin`'};
	if (settings.adminToken !== undefined)
		return {check: about, state: 'ok', fact: 'the admin API and the dashboard want LAYERCACHE_ADMIN_TOKEN'};
	const fact = 'without LAYERCACHE_ADMIN_TOKEN the admin API and the dashboard answer this machine alone';
	if (!isReachedByOthers(settings)) return {check: about, state: 'ok', fact};
	// A proxy on the same machine looks like this machine.
	const advice = 'set LAYERCACHE_ADMIN_TOKEN to use them from elsewhere, and always where a proxy runs on this machine';
	return {check: about, state: 'note', fact, advice};
};
