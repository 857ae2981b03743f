/** One page of ListObjectsV2, read by us: the SDK's XML parser takes 50 µs for each of a thousand rows, and a push waits for them. */
import {elementsOf, textOf} from './xml.ts';

/** Names as S3 wrote them: URL-encoded where `encoding` says so. `next` is where the next page begins. */
export type ListPage = {rows: readonly ListRow[]; prefixes: readonly string[]; encoding: string | undefined; next: string | undefined};
export type ListRow = {key: string; size: number; etag: string; modified: Date};

/** Undefined where it is no such page. */
export const parseListPage = (xml: string): ListPage | undefined => {
	if (!/<ListBucketResult[\s/>]/.test(xml)) return undefined;
	// What the rows say of themselves must not be taken for what the page says.
	const page = xml.replace(/<Contents>.*?<\/Contents>/gs, '');
	return {
		rows: elementsOf(xml, 'Contents').map(rowOf),
		prefixes: elementsOf(page, 'CommonPrefixes').map(prefix => textOf(prefix, 'Prefix')),
		encoding: textOf(page, 'EncodingType') || undefined,
		next: (textOf(page, 'IsTruncated') === 'true' && textOf(page, 'NextContinuationToken')) || undefined,
	};
};

const rowOf = (row: string): ListRow => ({
	key: textOf(row, 'Key'),
	size: Number(textOf(row, 'Size')),
	etag: textOf(row, 'ETag'),
	modified: new Date(textOf(row, 'LastModified') || 0),
});
