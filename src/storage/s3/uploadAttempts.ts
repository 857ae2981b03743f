/** What somebody could try who holds the URL of an upload, and what a store that can be trusted with such URLs refuses. */
import {createHash, randomBytes} from 'node:crypto';
import {crc32} from 'node:zlib';

/** What an attempt starts from: a URL for `bytes` at a key of its own, and what every such URL shows. */
export type Target = {
	url: URL;
	bytes: Buffer;
	/** `bucket/key` of another object, escaped. */
	source: string;
	/** The folder of the attempt's key, as S3 knows it. */
	folder: string;
};

/** `takes` names what a server that does not refuse it takes. */
export type Attempt = {takes: string; send(target: Target): {url?: URL; headers?: Record<string, string>; body: Buffer}};

export const attempts = {
	other: {takes: 'other bytes than were signed', send: ({bytes}) => ({body: randomBytes(bytes.length)})},
	short: {takes: 'fewer bytes than were signed', send: ({bytes}) => ({body: bytes.subarray(0, bytes.length / 2)})},
	long: {takes: 'more bytes than were signed', send: ({bytes}) => ({body: Buffer.concat([bytes, bytes])})},
	empty: {takes: 'an empty body where bytes were signed', send: () => ({body: Buffer.alloc(0)})},
	ownHash: {
		takes: "a hash of the client's own in the place of the signed one",
		send({bytes}) {
			const body = randomBytes(bytes.length);
			return {body, headers: {'x-amz-content-sha256': createHash('sha256').update(body).digest('hex')}};
		},
	},
	noHash: {
		takes: 'UNSIGNED-PAYLOAD in the place of the signed hash',
		send: ({bytes}) => ({body: randomBytes(bytes.length), headers: {'x-amz-content-sha256': 'UNSIGNED-PAYLOAD'}}),
	},
	copy: {
		takes: 'an x-amz-copy-source that was not signed',
		send: ({bytes, source}) => ({body: bytes, headers: {'x-amz-copy-source': source}}),
	},
	trailer: {
		takes: 'any bytes in chunks with an unsigned trailer (CVE-2026-41145)',
		send: ({bytes}) => chunked(bytes.length),
	},
	keyId: {
		takes: 'any bytes from whoever knows the key id that every signed URL shows, those of downloads too (CVE-2026-41145)',
		send: ({url, bytes}) => ({url: withoutSignature(url), ...chunked(bytes.length)}),
	},
	archive: {
		takes: 'archives to unpack from whoever knows the key id that every signed URL shows, those of downloads too (CVE-2026-40344)',
		send: ({url, folder}) => ({url: withoutQuery(url), ...archive(url, folder)}),
	},
	metadata: {takes: 'metadata that was not signed', send: ({bytes}) => ({body: bytes, headers: {'x-amz-meta-layercache': 'probe'}})},
	tags: {takes: 'tags that were not signed', send: ({bytes}) => ({body: bytes, headers: {'x-amz-tagging': 'layercache=probe'}})},
	// One that most servers know: a class that a server does not know it refuses for that, whoever signed.
	storageClass: {
		takes: 'a storage class that was not signed',
		send: ({bytes}) => ({body: bytes, headers: {'x-amz-storage-class': 'REDUCED_REDUNDANCY'}}),
	},
	customerKey: {
		takes: "a client's own encryption key that was not signed",
		send: ({bytes}) => ({body: bytes, headers: customerKey(randomBytes(32))}),
	},
	acl: {takes: 'an ACL that was not signed', send: ({bytes}) => ({body: bytes, headers: {'x-amz-acl': 'public-read'}})},
} as const satisfies Record<string, Attempt>;

/** SSE-C: nobody reads the object again without this key. */
const customerKey = (key: Buffer) => ({
	'x-amz-server-side-encryption-customer-algorithm': 'AES256',
	'x-amz-server-side-encryption-customer-key': key.toString('base64'),
	'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(key).digest('base64'),
});

const unsignedTrailer = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
const trailer = 'x-amz-checksum-crc32';

/** Bytes of the attacker's own, framed so that the whole has the length that was signed. */
const chunked = (totalBytes: number) => {
	const frame = (data: Buffer) =>
		Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from(`\r\n0\r\n${trailer}:${crcOf(data)}\r\n\r\n`)]);
	const data = randomBytes(totalBytes);
	const fitting = data.subarray(0, 2 * totalBytes - frame(data).length);
	return {
		body: frame(fitting),
		headers: {
			'x-amz-content-sha256': unsignedTrailer,
			'content-encoding': 'aws-chunked',
			'x-amz-decoded-content-length': String(fitting.length),
			'x-amz-trailer': trailer,
		},
	};
};

const crcOf = (data: Buffer) => {
	const sum = Buffer.alloc(4);
	sum.writeUInt32BE(crc32(data));
	return sum.toString('base64');
};

const withoutQuery = (url: URL) => new URL(url.pathname, url);

const withoutSignature = (url: URL) => {
	const bare = withoutQuery(url);
	bare.searchParams.set('X-Amz-Credential', url.searchParams.get('X-Amz-Credential') ?? '');
	return bare;
};

/** A tar of one file, as MinIO unpacks it, below the signature of somebody who only knows how signatures look. */
const archive = (url: URL, folder: string) => {
	const credential = url.searchParams.get('X-Amz-Credential') ?? '';
	return {
		body: tarOf('unpacked', Buffer.from('anything')),
		headers: {
			authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${'0'.repeat(64)}`,
			'x-amz-date': url.searchParams.get('X-Amz-Date') ?? '',
			'x-amz-content-sha256': unsignedTrailer,
			'x-amz-meta-snowball-auto-extract': 'true',
			'x-amz-meta-minio-snowball-prefix': folder,
		},
	};
};

const tarOf = (name: string, bytes: Buffer) => {
	const block = 512;
	const header = Buffer.alloc(block);
	const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
	header.write(name, 0);
	for (const [at, text] of [
		[100, octal(0o644, 7)],
		[108, octal(0, 7)],
		[116, octal(0, 7)],
		[124, octal(bytes.length, 11)],
		[136, octal(0, 11)],
		[148, ' '.repeat(8)],
		[156, '0'],
		[257, 'ustar\x0000'],
	] as const)
		header.write(text, at, 'latin1');
	header.write(
		octal(
			header.reduce((sum, byte) => sum + byte),
			6,
		),
		148,
		'latin1',
	);
	const content = Buffer.alloc(Math.ceil(bytes.length / block) * block);
	bytes.copy(content);
	return Buffer.concat([header, content, Buffer.alloc(2 * block)]);
};
