/** What only this machine can reach, or be named by. */
import {isAmong} from './addressRanges.ts';

export const isLoopbackAddress = isAmong(['127.0.0.0/8', '::1']);

/** Of a host name as URLs have it, such as `localhost`, `[::1]` or `127.0.0.1`. */
export const isLoopbackName = (hostname: string): boolean =>
	hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
