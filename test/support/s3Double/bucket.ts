/** What the double keeps: objects and unfinished uploads, in memory, with S3's rules for them. */
import {createHash, randomUUID} from 'node:crypto';
import {S3Refusal} from './refusal.ts';

/** `contentEncoding` is there where somebody has stored one. */
export type KeptObject = {bytes: Buffer; etag: string; contentType: string; contentEncoding?: string; modified: Date};
export type Conditions = {ifMatch?: string; ifNoneMatch?: string};
export type PartList = readonly {number: number; etag: string}[];
type Upload = {key: string; contentType: string; startedAt: Date; parts: Map<number, {bytes: Buffer; etag: string; modified: Date}>};

export type Bucket = ReturnType<typeof createBucket>;

export const createBucket = ({now, minPartBytes, ignoresConditions}: {now: () => Date; minPartBytes: number; ignoresConditions?: true}) => {
	const objects = new Map<string, KeptObject>();
	const uploads = new Map<string, Upload>();

	const uploadOf = (id: string, key: string) => {
		const upload = uploads.get(id);
		if (upload?.key !== key) throw new S3Refusal(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
		return upload;
	};

	const keep = (key: string, bytes: Buffer, etag: string, contentType: string): KeptObject => {
		const kept = {bytes, etag, contentType, modified: now()};
		objects.set(key, kept);
		return kept;
	};

	const demand = (key: string, {ifMatch, ifNoneMatch}: Conditions) => {
		if (ignoresConditions) return;
		const current = objects.get(key);
		if (ifNoneMatch === '*' && current) throw preconditionFailed();
		if (ifMatch !== undefined && !current) throw noSuchKey();
		if (ifMatch !== undefined && current?.etag !== ifMatch) throw preconditionFailed();
	};

	return {
		objects,
		uploads,

		get(key: string): KeptObject {
			const kept = objects.get(key);
			if (!kept) throw noSuchKey();
			return kept;
		},

		put(key: string, bytes: Buffer, contentType: string, conditions: Conditions = {}): KeptObject {
			demand(key, conditions);
			return keep(key, bytes, md5Etag(bytes), contentType);
		},

		begin(key: string, contentType: string): string {
			const id = randomUUID();
			uploads.set(id, {key, contentType, startedAt: now(), parts: new Map()});
			return id;
		},

		putPart(id: string, key: string, number: number, bytes: Buffer): string {
			if (!(number >= 1 && number <= 10_000))
				throw new S3Refusal(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000');
			const etag = md5Etag(bytes);
			uploadOf(id, key).parts.set(number, {bytes, etag, modified: now()});
			return etag;
		},

		/** In the order of their numbers. */
		partsOf(id: string, key: string) {
			const {parts} = uploadOf(id, key);
			return [...parts].map(([number, part]) => ({number, ...part})).sort((a, b) => a.number - b.number);
		},

		complete(id: string, key: string, list: PartList, conditions: Conditions): KeptObject {
			const upload = uploadOf(id, key);
			const parts = list.map(({number, etag}, at) => {
				if (number <= (list[at - 1]?.number ?? 0)) throw new S3Refusal(400, 'InvalidPartOrder');
				const part = upload.parts.get(number);
				if (!part || part.etag !== etag) throw new S3Refusal(400, 'InvalidPart');
				if (at < list.length - 1 && part.bytes.length < minPartBytes) throw new S3Refusal(400, 'EntityTooSmall');
				return part;
			});
			if (parts.length === 0) throw new S3Refusal(400, 'MalformedXML');
			demand(key, conditions);
			uploads.delete(id);
			const md5 = createHash('md5');
			for (const {etag} of parts) md5.update(etag.slice(1, -1), 'hex');
			return keep(key, Buffer.concat(parts.map(({bytes}) => bytes)), `"${md5.digest('hex')}-${parts.length}"`, upload.contentType);
		},

		abort(id: string, key: string): void {
			uploadOf(id, key);
			uploads.delete(id);
		},
	};
};

const md5Etag = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`;

const noSuchKey = () => new S3Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
const preconditionFailed = () => new S3Refusal(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
