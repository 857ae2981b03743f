/** A client that does nothing but push: POST and PUT as BuildKit sends them, or one PUT to a presigned URL. */
import {createHash, randomBytes} from 'node:crypto';
import {Agent, request} from 'node:http';
import {PutObjectCommand} from '@aws-sdk/client-s3';
import {getSignedUrl} from '@aws-sdk/s3-request-presigner';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';

/** Bytes that differ from all others in their first block alone, so that many of them fit into memory. */
export interface Body {
	readonly digest: string;
	readonly size: number;
	readonly chunks: readonly Buffer[];
}

const firstBytes = 64 * 1024;
const chunkBytes = 256 * 1024;

export const createBodies = (count: number, size: number): Body[] => {
	const rest = randomBytes(size - firstBytes);
	const shared = Array.from({length: Math.ceil(rest.length / chunkBytes)}, (_, at) =>
		rest.subarray(at * chunkBytes, (at + 1) * chunkBytes),
	);
	return Array.from({length: count}, () => {
		const chunks = [randomBytes(firstBytes), ...shared];
		const hash = createHash('sha256');
		for (const chunk of chunks) hash.update(chunk);
		return {digest: `sha256:${hash.digest('hex')}`, size, chunks};
	});
};

export const createRawClient = (connections: number) => {
	const agent = new Agent({keepAlive: true, maxSockets: connections});

	const send = (method: string, url: string, body?: Body, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
		new Promise((resolve, reject) => {
			const outgoing = request(url, {agent, method, headers: {...headers, 'Content-Length': body?.size ?? 0}}, answer => {
				const {statusCode: status = 0, headers} = answer;
				const chunks: Buffer[] = [];
				answer.on('data', chunk => chunks.push(chunk)).on('error', reject);
				answer.on('end', () => resolve({status, location: headers.location, text: Buffer.concat(chunks).toString().slice(0, 1000)}));
			});
			// A server that refuses may close before it has read everything; what it said still comes.
			outgoing.on('error', error => setTimeout(() => reject(error), 1000));
			write(outgoing, body?.chunks ?? []).then(
				() => outgoing.end(),
				() => undefined,
			);
		});

	return {
		/** Throws unless the registry has taken the blob in. */
		async pushBlob(registryUrl: string, repository: string, body: Body): Promise<void> {
			const started = await send('POST', `${registryUrl}/v2/${repository}/blobs/uploads/`);
			if (started.status !== 202 || !started.location) throw new Error(`POST: ${started.status} ${started.text}`);
			const target = new URL(started.location, registryUrl);
			target.searchParams.set('digest', body.digest);
			const {status, text} = await send('PUT', target.href, body, {'Content-Type': 'application/octet-stream'});
			if (status !== 201) throw new Error(`PUT: ${status} ${text}`);
		},

		/** Throws unless S3 has taken the object in. */
		async putObject(server: S3Server, bucket: string, key: string, body: Body): Promise<void> {
			const url = await getSignedUrl(server.client(), new PutObjectCommand({Bucket: bucket, Key: key}), {expiresIn: 3600});
			const {status, text} = await send('PUT', url, body);
			if (status !== 200) throw new Error(`PUT to S3: ${status} ${text}`);
		},

		close: () => agent.destroy(),
	};
};

interface Answer {
	readonly status: number;
	readonly location: string | undefined;
	readonly text: string;
}

interface Sink {
	write(chunk: Buffer, done: (error?: Error | null) => void): boolean;
}

const write = async (sink: Sink, chunks: readonly Buffer[]) => {
	for (const chunk of chunks)
		await new Promise<void>((resolve, reject) => {
			sink.write(chunk, error => (error ? reject(error) : resolve()));
		});
};
