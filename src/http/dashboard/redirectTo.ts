/** Sends a browser to another page, which it asks for with GET. */
import type {Reply} from '../reply.ts';

export const redirectTo = (path: string, headers: Reply['headers'] = {}): Reply => ({
	status: 303,
	headers: {Location: path, 'Cache-Control': 'no-store', ...headers},
});
