/** What a form of the dashboard has sent. */
import type {IncomingMessage} from 'node:http';
import {TooLarge} from '../../lib/bytes.ts';
import {ApiRefusal} from '../apiRefusal.ts';
import {readSmallBody} from '../smallBody.ts';

/** Throws ApiRefusal `media-type`, `too-large`. */
export const readForm = async (request: IncomingMessage): Promise<URLSearchParams> => {
	const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
	if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
		throw new ApiRefusal('media-type', 'this takes what a form of the dashboard sends', 'for scripts there is the admin API: docs/api.md');
	try {
		return new URLSearchParams((await readSmallBody(request, mostBytes)).toString());
	} catch (error) {
		if (error instanceof TooLarge) throw new ApiRefusal('too-large', 'the form has more than 64 KiB', undefined, {Connection: 'close'});
		throw error;
	}
};

const mostBytes = 64 * 1024;
