/** What an issuer publishes of itself, fetched with suspicion: bounded in size and time, no redirects, nothing unpacked. */
import {readFile} from 'node:fs/promises';
import {Agent, request} from 'undici';
import {readAtMost, TooLarge} from '../lib/bytes.ts';

/** `ca` and `bearerFile` are paths; they are read each time, since both are renewed. */
export type DocumentSource = {url: string; ca?: string | undefined; bearerFile?: string | undefined};
export type DocumentLimits = {bytes: number; timeMs: number};

export const usualLimits: DocumentLimits = {bytes: 512 * 1024, timeMs: 5000};

/** Throws DocumentUnusable, whose message names neither a secret nor what was answered. */
export const fetchIssuerDocument = async (source: DocumentSource, limits: DocumentLimits = usualLimits): Promise<unknown> => {
	const {url} = source;
	const [ca, bearer] = await Promise.all([readGiven(source.ca), readGiven(source.bearerFile)]);
	const agent = new Agent({connect: {timeout: limits.timeMs, ...(ca && {ca})}});
	try {
		const {statusCode, body} = await request(url, {
			dispatcher: agent,
			headers: {accept: 'application/json', ...(bearer && {authorization: `Bearer ${bearer.trim()}`})},
			signal: AbortSignal.timeout(limits.timeMs),
		});
		body.on('error', () => undefined);
		if (statusCode !== 200) throw new DocumentUnusable(`${url} answered ${statusCode}`);
		return parseJson(url, await readAtMost(body, limits.bytes));
	} catch (error) {
		if (error instanceof DocumentUnusable) throw error;
		if (error instanceof TooLarge) throw new DocumentUnusable(`${url} answered with ${error.message}`);
		throw new DocumentUnusable(`${url} cannot be read: ${reasonOf(error, limits)}`, {cause: error});
	} finally {
		await agent.destroy();
	}
};

/** The same from a file of this machine. */
export const readIssuerDocument = async (path: string): Promise<unknown> => parseJson(path, Buffer.from((await readGiven(path)) ?? ''));

export class DocumentUnusable extends Error {
	override readonly name = 'DocumentUnusable';
}

const readGiven = async (path: string | undefined): Promise<string | undefined> => {
	if (path === undefined) return undefined;
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		throw new DocumentUnusable(`${path} cannot be read`, {cause: error});
	}
};

const parseJson = (from: string, bytes: Buffer): unknown => {
	try {
		return JSON.parse(bytes.toString());
	} catch {
		throw new DocumentUnusable(`${from} has no JSON`);
	}
};

const reasonOf = (error: unknown, {timeMs}: DocumentLimits): string => {
	if (!(error instanceof Error)) return 'it cannot be reached';
	if (error.name === 'TimeoutError') return `it took longer than ${timeMs / 1000} s`;
	return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
};
