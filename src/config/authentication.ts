/** Whether clients have to be somebody: said by LAYERCACHE_AUTH, and open without a word on this machine alone. */
import {isLoopbackName} from '../lib/loopback.ts';
import {type Settings, SettingsInvalid} from './settings.ts';

type Reach = Pick<Settings, 'host' | 'publicUrl' | 'trustedProxies'>;

/** Whether nobody has to be anybody. Throws SettingsInvalid where that was not said, and others than this machine would be let in. */
export const isOpenToAll = ({auth, ...reach}: Reach & Pick<Settings, 'auth'>): boolean => {
	if (auth !== undefined) return auth === 'none';
	const ways = waysIn(reach);
	if (ways.length === 0) return true;
	throw new SettingsInvalid([
		`${ways.join(', and ')}: LAYERCACHE_AUTH has to say who may. \`required\` asks every client who it is (docs/auth.md); with \`none\` anyone who reaches the server may read, push and delete`,
	]);
};

/** Whether there are clients elsewhere than on this machine. */
export const isReachedByOthers = (reach: Reach): boolean => waysIn(reach).length > 0;

const waysIn = ({host, publicUrl, trustedProxies}: Reach): string[] => [
	...(isLoopbackHost(host) ? [] : ['LAYERCACHE_HOST is an address that others reach']),
	...(publicUrl && !isLoopbackName(publicUrl.hostname) ? ['LAYERCACHE_PUBLIC_URL is a name that others reach'] : []),
	...(trustedProxies.length > 0 ? ['LAYERCACHE_HTTP_TRUSTED_PROXIES tells of a proxy that others reach'] : []),
];

/** As LAYERCACHE_HOST has it, without brackets. */
const isLoopbackHost = (host: string) => host === '::1' || isLoopbackName(host);
