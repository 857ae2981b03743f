/** One page of ListObjectsV2, its rows read by us: the SDK's XML parser takes 50 µs for each of a thousand, and a push waits for them. */
import type {ListObjectsV2Command, ListObjectsV2CommandInput, ListObjectsV2CommandOutput} from '@aws-sdk/client-s3';
import type {DeserializeMiddleware} from '@smithy/types';
import {readAll} from '../../lib/bytes.ts';
import type {S3} from './client.ts';

/** As S3 wrote it: the key may be URL-encoded. */
export type ListRow = {key: string; size: number; etag: string; modified: Date};

export const listPage = async (s3: S3, command: ListObjectsV2Command): Promise<{page: ListObjectsV2CommandOutput; rows: ListRow[]}> => {
	let rows: ListRow[] = [];
	const takeRows: DeserializeMiddleware<ListObjectsV2CommandInput, ListObjectsV2CommandOutput> = next => async args => {
		const result = await next(args);
		const response = result.response as {statusCode: number; body: AsyncIterable<Uint8Array>};
		if (response.statusCode !== 200) return result;
		const xml = (await readAll(response.body)).toString();
		rows = rowsOf(xml);
		// The rest is for the SDK, an error that hides in a 200 among it.
		return {...result, response: {...response, body: Buffer.from(xml.replace(contents, ''))}};
	};
	command.middlewareStack.addRelativeTo(takeRows, {relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'layercacheRows'});
	return {page: await s3.send(command), rows};
};

/** Of a document that S3 wrote: no comments, no CDATA, no attributes on these elements. */
export const rowsOf = (xml: string): ListRow[] => Array.from(xml.matchAll(contents), ([, row = '']) => rowOf(row));

const contents = /<Contents>(.*?)<\/Contents>/gs;

const rowOf = (row: string): ListRow => ({
	key: textOf(row, 'Key'),
	size: Number(textOf(row, 'Size')),
	etag: textOf(row, 'ETag'),
	modified: new Date(textOf(row, 'LastModified') || 0),
});

const textOf = (row: string, tag: string): string => {
	const start = row.indexOf(`<${tag}>`);
	if (start < 0) return '';
	const text = row.slice(start + tag.length + 2, row.indexOf(`</${tag}>`, start));
	return text.includes('&') ? text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => entity(name) ?? whole) : text;
};

const entity = (name: string): string | undefined => {
	if (!name.startsWith('#')) return named[name];
	return String.fromCodePoint(name[1]?.toLowerCase() === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)));
};

const named: Readonly<Record<string, string>> = {amp: '&', lt: '<', gt: '>', quot: '"', apos: "'"};
