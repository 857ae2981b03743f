import test from 'ava';
import {parseListPage} from '../../src/storage/s3/listPage.ts';

const pageOf = (content: string) => parseListPage(`<ListBucketResult>${content}</ListBucketResult>`);

const row = (key: string) =>
	`<Contents><Key>${key}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified><ETag>&#34;abc&quot;</ETag><Size>12</Size><StorageClass>STANDARD</StorageClass></Contents>`;

test('rows of a listing are read as they stand, whatever lies around them', t => {
	const modified = new Date('2026-11-22T10:00:00.000Z');
	const xml = `<?xml version="1.0"?>\n<ListBucketResult xmlns="x"><Prefix>a</Prefix>${row('a/1')}\n${row('a%2F2')}<CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes></ListBucketResult>`;
	t.deepEqual(parseListPage(xml), {
		rows: [
			{key: 'a/1', size: 12, etag: '"abc"', modified},
			{key: 'a%2F2', size: 12, etag: '"abc"', modified},
		],
		prefixes: ['a/b/'],
		encoding: undefined,
		next: undefined,
	});
});

test('characters that XML writes as entities come back', t => {
	t.deepEqual(
		pageOf(row('a&amp;b&lt;&gt;&apos;&#x1F600;&#10;&amp;lt;'))?.rows.map(({key}) => key),
		["a&b<>'\u{1F600}\n&lt;"],
	);
});

test('an owner and its checksum in a row, or nothing at all, do no harm', t => {
	t.like(pageOf('<Contents><Key>k</Key><Size>0</Size><Owner><ID>me</ID></Owner></Contents>')?.rows[0], {key: 'k', size: 0, etag: ''});
	t.deepEqual(parseListPage('<ListBucketResult/>')?.rows, []);
});

test('a page tells where the next one begins, if there is one, whatever its rows are called', t => {
	const more = '<IsTruncated>true</IsTruncated><NextContinuationToken>abc&amp;</NextContinuationToken><EncodingType>url</EncodingType>';
	t.like(pageOf(row('&lt;IsTruncated&gt;') + more), {next: 'abc&', encoding: 'url'});
	t.is(pageOf(`<IsTruncated>false</IsTruncated>${row('a')}`)?.next, undefined);
	t.is(parseListPage('<html></html>'), undefined);
});
