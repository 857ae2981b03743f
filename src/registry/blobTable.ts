/** A repository's blobs in some fifty bytes each, found by their digests: rows come in the order of their keys, and stay in it. */
import {type Digest, digestAlgorithm, digestHex, formatDigest} from 'oci-spec-types';
import type {BlobEntries, BlobEntry} from './inventory.ts';

export type BlobTable = BlobEntries & {
	/** In byte order of the blobs' keys. */
	add(digest: Digest, size: number, modified: Date): void;
};

export const createBlobTable = (): BlobTable => {
	const algorithms = [createRows('sha256', 32), createRows('sha512', 64)] as const;
	const [sha256, sha512] = algorithms;
	let bytes = 0;

	const indexOf = (digest: Digest): number | undefined => {
		if (digestAlgorithm(digest) === 'sha256') return sha256.indexOf(digest);
		const index = sha512.indexOf(digest);
		return index === undefined ? undefined : sha256.count() + index;
	};

	const at = (index: number): BlobEntry & {digest: Digest} =>
		index < sha256.count() ? sha256.at(index) : sha512.at(index - sha256.count());

	return {
		add(digest, size, modified) {
			bytes += size;
			(digestAlgorithm(digest) === 'sha256' ? sha256 : sha512).add(digest, size, modified);
		},
		get count() {
			return sha256.count() + sha512.count();
		},
		get bytes() {
			return bytes;
		},
		get(digest) {
			const index = indexOf(digest);
			if (index === undefined) return undefined;
			const {size, modified} = at(index);
			return {size, modified};
		},
		indexOf,
		at,
		sizeAt: index => (index < sha256.count() ? sha256.sizeAt(index) : sha512.sizeAt(index - sha256.count())),
		release() {
			sha256.release();
			sha512.release();
			bytes = 0;
		},
		*[Symbol.iterator]() {
			const count = sha256.count() + sha512.count();
			for (let index = 0; index < count; index += 1) yield at(index);
		},
	};
};

/** Rows of one algorithm, in segments, so that a growing table is never copied whole. */
const createRows = (algorithm: 'sha256' | 'sha512', width: number) => {
	const segments: Segment[] = [];
	let count = 0;

	const segmentFor = (index: number): Segment => {
		const last = segments.at(-1);
		if (last && index % segmentRows < last.sizes.length && index % segmentRows !== 0) return last;
		if (index % segmentRows === 0) segments.push(createSegment(firstRows, width));
		else segments.push(grown(segments.pop() as Segment, width));
		return segments.at(-1) as Segment;
	};

	/** The first four bytes of a row: what a search compares, since comparing buffers costs thirty times that. */
	const startAt = (index: number): number => {
		const {digests} = segments[Math.floor(index / segmentRows)] as Segment;
		return digests.readUInt32BE((index % segmentRows) * width);
	};

	const isAt = (index: number, wanted: Buffer): boolean => {
		const {digests} = segments[Math.floor(index / segmentRows)] as Segment;
		const start = (index % segmentRows) * width;
		return digests.compare(wanted, 0, width, start, start + width) === 0;
	};

	return {
		count: () => count,

		release() {
			for (const {digests, sizes, modified} of segments.splice(0)) for (const {buffer} of [digests, sizes, modified]) free(buffer);
			count = 0;
		},

		add(digest: Digest, size: number, modified: Date) {
			const segment = segmentFor(count);
			const row = count % segmentRows;
			segment.digests.write(digestHex(digest), row * width, width, 'hex');
			segment.sizes[row] = size;
			segment.modified[row] = modified.getTime();
			count += 1;
		},

		indexOf(digest: Digest): number | undefined {
			const wanted = Buffer.from(digestHex(digest), 'hex');
			const start = wanted.readUInt32BE();
			let [low, high] = [0, count];
			while (low < high) {
				const middle = (low + high) >> 1;
				if (startAt(middle) < start) low = middle + 1;
				else high = middle;
			}
			for (; low < count && startAt(low) === start; low += 1) if (isAt(low, wanted)) return low;
			return undefined;
		},

		sizeAt: (index: number): number => (segments[Math.floor(index / segmentRows)] as Segment).sizes[index % segmentRows] as number,

		at(index: number): BlobEntry & {digest: Digest} {
			const segment = segments[Math.floor(index / segmentRows)];
			if (!segment || index >= count) throw new RangeError(`there is no blob ${index} among ${count}`);
			const row = index % segmentRows;
			return {
				digest: formatDigest(algorithm, segment.digests.toString('hex', row * width, row * width + width)),
				size: segment.sizes[row] as number,
				modified: new Date(segment.modified[row] as number),
			};
		},
	};
};

/** At once: that buffers of a hundred megabytes are no longer used, V8 may notice when there are more of them. */
const free = (buffer: ArrayBufferLike) => {
	if (buffer instanceof ArrayBuffer) buffer.transfer(0);
};

type Segment = {digests: Buffer; sizes: Float64Array; modified: Float64Array};

const segmentRows = 16_384;
// Most repositories are small.
const firstRows = 64;

const createSegment = (rows: number, width: number): Segment => ({
	digests: Buffer.alloc(rows * width),
	sizes: new Float64Array(rows),
	modified: new Float64Array(rows),
});

const grown = (segment: Segment, width: number): Segment => {
	const larger = createSegment(Math.min(segmentRows, segment.sizes.length * 4), width);
	larger.digests.set(segment.digests);
	larger.sizes.set(segment.sizes);
	larger.modified.set(segment.modified);
	return larger;
};
