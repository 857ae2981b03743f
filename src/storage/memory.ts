/** The store that tests use. Its ETags are hashes of the bytes, as S3's are, so code that needs a nonce fails here too when it forgets one. */
import {createHash} from 'node:crypto';
import {Readable} from 'node:stream';
import {resolveRange} from 'oci-spec-types';
import {type ByteString, fromBytes, inByteOrder, toBytes} from '../lib/byteOrder.ts';
import {withExactLength} from '../lib/exactLength.ts';
import {
	type AbandonedUpload,
	type Etag,
	type ListEntry,
	type ListOptions,
	type ObjectFacts,
	ObjectMissing,
	type ObjectStore,
	octetStream,
	PreconditionFailed,
	RangeUnsatisfiable,
	type WriteOptions,
} from './objectStore.ts';

export const createMemoryStore = ({now = () => new Date()}: {now?: () => Date} = {}): ObjectStore => {
	const objects = new Map<ByteString, StoredBytes>();
	const uploads = new Set<AbandonedUpload & {movedAt: Date}>();
	let sortedKeys: ByteString[] | undefined;

	const put = (key: string, bytes: Buffer, {contentType = octetStream, ifAbsent, ifMatch}: WriteOptions): ObjectFacts => {
		const place = toBytes(key);
		const current = objects.get(place);
		if (ifAbsent && current) throw new PreconditionFailed(key);
		if (ifMatch !== undefined && current?.etag !== ifMatch) throw new PreconditionFailed(key);
		const stored = {bytes, contentType, etag: etagOf(bytes), modified: now()};
		if (!current) sortedKeys = undefined;
		objects.set(place, stored);
		return factsOf(key, stored, now());
	};

	const remove = (key: string) => {
		if (objects.delete(toBytes(key))) sortedKeys = undefined;
	};

	const bytesOf = (key: string) => {
		const stored = objects.get(toBytes(key));
		if (!stored) throw new ObjectMissing(key);
		return stored;
	};

	return {
		async stat(key) {
			const stored = objects.get(toBytes(key));
			return stored && factsOf(key, stored, now());
		},

		async read(key, range) {
			const stored = objects.get(toBytes(key));
			if (!stored) return undefined;
			const facts = factsOf(key, stored, now());
			if (!range) return {facts, body: bodyOf(stored.bytes)};
			const part = resolveRange(range, facts.size);
			if (!part) throw new RangeUnsatisfiable(key, facts.size);
			return {facts, range: part, body: bodyOf(stored.bytes.subarray(part.start, part.end + 1))};
		},

		async write(key, bytes, options = {}) {
			return put(key, Buffer.from(bytes), options);
		},

		async upload(key, body, {size, ...options} = {}) {
			const chunks: Uint8Array[] = [];
			let aborted = false;
			const upload = {
				key,
				startedAt: now(),
				movedAt: now(),
				abort: async () => {
					aborted = true;
				},
			};
			uploads.add(upload);
			try {
				for await (const chunk of withExactLength(body, size)) {
					chunks.push(Buffer.from(chunk));
					upload.movedAt = now();
				}
			} finally {
				uploads.delete(upload);
			}
			if (aborted) throw new Error(`the upload of ${key} was aborted`);
			return put(key, Buffer.concat(chunks), options);
		},

		async copy(from, to) {
			const {bytes, contentType} = bytesOf(from);
			return put(to, bytes, {contentType});
		},

		async *list(prefix, options = {}) {
			sortedKeys ??= [...objects.keys()].sort(inByteOrder);
			for (const entry of listed(sortedKeys, toBytes(prefix), options)) {
				const stored = 'key' in entry ? objects.get(toBytes(entry.key)) : undefined;
				if ('prefix' in entry) yield entry;
				else if (stored) yield {key: entry.key, size: stored.bytes.length, etag: stored.etag, modified: stored.modified};
			}
		},

		async remove(keys) {
			for (const key of keys) remove(key);
		},

		async presign() {
			return undefined;
		},

		async removeUntil(key, until) {
			if (now() <= until) remove(key);
		},

		async compose(parts, to, options = {}) {
			return put(to, Buffer.concat(parts.map(({key}) => bytesOf(key).bytes)), options);
		},

		joinsInside: () => true,

		async *abandonedUploads(olderThan) {
			for (const upload of [...uploads]) if (upload.movedAt < olderThan) yield upload;
		},

		async now() {
			return now();
		},

		async probe() {
			return {presignedGet: false, warnings: ['everything is kept in memory and lost when the process ends: for tests only']};
		},

		probeUploads: async () => ({redirect: false, reason: 'a memory store has no URLs'}),

		async close() {},
	};
};

type StoredBytes = {bytes: Buffer; contentType: string; etag: Etag; modified: Date};

const etagOf = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"` as Etag;

const factsOf = (key: string, {bytes, contentType, etag, modified}: StoredBytes, answeredAt: Date): ObjectFacts => ({
	key,
	size: bytes.length,
	etag,
	contentType,
	modified,
	answeredAt,
});

const bodyChunkBytes = 64 * 1024;

const bodyOf = (bytes: Buffer) =>
	Readable.from(
		(function* () {
			for (let at = 0; at < bytes.length; at += bodyChunkBytes) yield bytes.subarray(at, at + bodyChunkBytes);
		})(),
		{objectMode: false},
	);

function* listed(
	sortedKeys: readonly ByteString[],
	prefix: ByteString,
	{after, limit = Number.POSITIVE_INFINITY, delimiter}: ListOptions,
): Generator<{key: string} | (ListEntry & {prefix: string})> {
	const threshold = after === undefined ? '' : toBytes(after);
	let left = limit;
	let lastPrefix: string | undefined;
	for (let at = firstAtLeast(sortedKeys, threshold > prefix ? threshold : prefix); left > 0; at += 1) {
		const key = sortedKeys[at];
		if (key === undefined || !key.startsWith(prefix)) return;
		const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
		const entry = (cut < 0 ? key : key.slice(0, cut + 1)) as ByteString;
		if (entry <= threshold || entry === lastPrefix) continue;
		left -= 1;
		if (cut < 0) yield {key: fromBytes(key)};
		else {
			lastPrefix = entry;
			yield {prefix: fromBytes(entry)};
		}
	}
}

const firstAtLeast = (sorted: readonly string[], wanted: string) => {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((sorted[middle] as string) < wanted) low = middle + 1;
		else high = middle;
	}
	return low;
};
