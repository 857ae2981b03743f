/** Stands before a server and keeps what was asked of it; the request passes unchanged, its Host too, which signatures cover. */
import {createServer, request as forward} from 'node:http';
import {pipeline} from 'node:stream/promises';
import {listenOnLoopback} from '../../support/loopback.ts';
import type {Scope} from './scope.ts';

export interface RecordedRequest {
	readonly method: string;
	/** Without its query. */
	readonly path: string;
	readonly userAgent: string;
	readonly status: number;
}

export interface RecordingProxy {
	readonly url: string;
	readonly requests: readonly RecordedRequest[];
}

export const startRecordingProxy = async (scope: Scope, target: string): Promise<RecordingProxy> => {
	const {hostname, port} = new URL(target);
	const requests: RecordedRequest[] = [];
	const server = createServer((request, response) => {
		const {method = '', url = '', headers} = request;
		const onward = forward({hostname, port, method, path: url, headers}, answer => {
			const status = answer.statusCode ?? 0;
			requests.push({method, path: url.split('?')[0] ?? '', userAgent: headers['user-agent'] ?? '', status});
			response.writeHead(status, answer.rawHeaders);
			pipeline(answer, response).catch(() => response.destroy());
		});
		onward.on('error', () => response.destroy());
		pipeline(request, onward).catch(() => response.destroy());
	});
	return {url: await listenOnLoopback(scope, server), requests};
};
