/** What lies in the bucket, a page of S3's at a time; and removal in batches. */
import {setTimeout as delay} from 'node:timers/promises';
import {DeleteObjectCommand, DeleteObjectsCommand} from '@aws-sdk/client-s3';
import {growingPauseMs} from '../../lib/backOff.ts';
import {inByteOrder, toBytes} from '../../lib/byteOrder.ts';
import {mapInOrder} from '../../lib/mapInOrder.ts';
import type {Etag, ListEntry, ListOptions} from '../objectStore.ts';
import type {S3} from './client.ts';
import {type ListPage, parseListPage} from './listPage.ts';
import {S3Failure} from './s3Failure.ts';

export async function* listObjects(
	s3: S3,
	prefix: string,
	{after, limit = Number.POSITIVE_INFINITY, delimiter}: ListOptions,
): AsyncGenerator<ListEntry> {
	const threshold = after === undefined ? '' : toBytes(after);
	let left = limit;
	let token: string | undefined;
	while (left > 0) {
		const page = await requestPage(s3, {
			prefix: s3.fullKey(prefix),
			...(delimiter && {delimiter}),
			'max-keys': String(Math.min(left, pageKeys)),
			// XML has no word for some characters that a key may have.
			'encoding-type': 'url',
			...(token === undefined ? after !== undefined && {'start-after': s3.fullKey(after)} : {'continuation-token': token}),
		});
		for (const entry of entriesOf(s3, page)) {
			// S3 may roll up into a prefix that lies before `after`, or is it.
			if (toBytes('key' in entry ? entry.key : entry.prefix) <= threshold) continue;
			yield entry;
			left -= 1;
			if (left <= 0) return;
		}
		token = page.next;
		if (token === undefined) return;
	}
}

export const removeObjects = async (s3: S3, keys: readonly string[]): Promise<void> => {
	const [only] = keys;
	if (only !== undefined && keys.length === 1) {
		await s3.send(new DeleteObjectCommand({Bucket: s3.bucket, Key: s3.fullKey(only)}));
		return;
	}
	const batches = Array.from({length: Math.ceil(keys.length / pageKeys)}, (_, at) => keys.slice(at * pageKeys, (at + 1) * pageKeys));
	for await (const _ of mapInOrder(batches, batchesAtOnce, batch => removeBatch(s3, batch)));
};

/** A name in an answer. Not every server encodes when asked to; those that do say so. */
export const decoded = (text: string | undefined, encoding: string | undefined) =>
	encoding === 'url' ? decodeURIComponent((text ?? '').replaceAll('+', ' ')) : (text ?? '');

const pageKeys = 1000;
const batchesAtOnce = 4;

const requestPage = async (s3: S3, query: Record<string, string>): Promise<ListPage> => {
	const {text} = await s3.ask({operation: 'ListObjectsV2', method: 'GET', query: {'list-type': '2', ...query}});
	const page = parseListPage(text);
	if (page) return page;
	throw new S3Failure(`S3 (bucket ${s3.bucket}) answered ListObjectsV2 with something else than a listing`, {
		code: 'NoResult',
		status: 200,
	});
};

const entriesOf = (s3: S3, page: ListPage): ListEntry[] => {
	const keyOf = (text: string) => s3.ownKey(decoded(text, page.encoding));
	const objects = page.rows.map(({key, size, etag, modified}) => ({key: keyOf(key), size, etag: etag as Etag, modified}));
	const prefixes = page.prefixes.map(prefix => ({prefix: keyOf(prefix)}));
	if (prefixes.length === 0) return objects;
	const nameOf = (entry: ListEntry) => toBytes('key' in entry ? entry.key : entry.prefix);
	return [...objects, ...prefixes].sort((a, b) => inByteOrder(nameOf(a), nameOf(b)));
};

/** The answer is 200, and says of each key for itself what became of it. */
const removeBatch = async (s3: S3, keys: readonly string[]) => {
	const {firstWaitSeconds, patienceSeconds} = s3.tuning;
	const startedAt = performance.now();
	let left = keys.map(key => s3.fullKey(key));
	for (let attempt = 1; ; attempt += 1) {
		const Objects = left.map(Key => ({Key}));
		const answer = await s3.send(new DeleteObjectsCommand({Bucket: s3.bucket, Delete: {Objects, Quiet: true}}));
		const refusals = (answer.Errors ?? []).filter(({Code}) => Code !== 'NoSuchKey');
		const [first] = refusals;
		if (!first) return;
		const {Code: code = 'Unknown', Message: message = ''} = first;
		const isPassing = refusals.every(({Code, Key}) => Key !== undefined && passingRefusals.includes(Code));
		if (!isPassing || performance.now() - startedAt > patienceSeconds * 1000)
			throw new S3Failure(`S3 (bucket ${s3.bucket}) did not remove ${refusals.length} of ${keys.length} objects: ${code} "${message}"`, {
				code,
				status: 200,
			});
		left = refusals.flatMap(({Key = []}) => Key);
		await delay(growingPauseMs(attempt, {firstSeconds: firstWaitSeconds, longestSeconds: longestWaitSeconds}, Math.random()));
	}
};

const passingRefusals: readonly (string | undefined)[] = ['InternalError', 'SlowDown', 'ServiceUnavailable', 'OperationAborted'];
const longestWaitSeconds = 2;
