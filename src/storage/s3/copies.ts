/** Copies and joins that S3 makes itself. */
import {CopyObjectCommand} from '@aws-sdk/client-s3';
import {mapInOrder} from '../../lib/mapInOrder.ts';
import {type Bytes, type Etag, type ObjectFacts, ObjectMissing, octetStream} from '../objectStore.ts';
import type {S3} from './client.ts';
import {escapeUri} from './httpHandler.ts';
import {beginMultipart} from './multipart.ts';
import {isAbsent, readObject, statObject} from './objects.ts';
import {type UploadMemory, uploadStream} from './uploads.ts';

export const copyObject = async (s3: S3, from: string, to: string): Promise<ObjectFacts> => {
	const source = await statObject(s3, from);
	if (!source) throw new ObjectMissing(from);
	return copyWhole(s3, source, to, source.contentType ?? octetStream);
};

/** On S3's side where its rules for parts allow it: each but the last of 5 MiB at least. Else the parts are read and uploaded. */
export const composeObject = async (
	s3: S3,
	memory: UploadMemory,
	keys: readonly string[],
	to: string,
	{contentType = octetStream}: {contentType?: string} = {},
): Promise<ObjectFacts> => {
	const parts = await Array.fromAsync(mapInOrder(keys, requestsAtOnce, key => partOf(s3, key)));
	const [first] = parts;
	if (first && parts.length === 1) return copyWhole(s3, first, to, contentType);
	const pieces = parts.flatMap(part => piecesOf(part, s3.tuning.copyBytes));
	const joinable = pieces.length > 0 && pieces.length <= maxParts && parts.slice(0, -1).every(({size}) => size >= s3.tuning.joinableBytes);
	const last = parts.at(-1);
	if (!joinable || !last || last.size === 0) return uploadStream(s3, memory, to, contentOf(s3, keys), {contentType, size: sizeOf(parts)});
	return joinPieces(s3, pieces, to, contentType, sizeOf(parts));
};

const maxParts = 10_000;
const requestsAtOnce = 8;

const partOf = async (s3: S3, key: string) => {
	const facts = await statObject(s3, key);
	if (!facts) throw new ObjectMissing(key);
	return facts;
};

const sizeOf = (parts: readonly ObjectFacts[]) => parts.reduce((size, part) => size + part.size, 0);

const sourceOf = (s3: S3, key: string) => `${s3.bucket}/${s3.fullKey(key).split('/').map(escapeUri).join('/')}`;

const copyWhole = async (s3: S3, source: ObjectFacts, to: string, contentType: string): Promise<ObjectFacts> => {
	const {size} = source;
	if (size > s3.tuning.copyBytes) return joinPieces(s3, piecesOf(source, s3.tuning.copyBytes), to, contentType, size);
	const command = new CopyObjectCommand({
		Bucket: s3.bucket,
		Key: s3.fullKey(to),
		CopySource: sourceOf(s3, source.key),
		// S3 refuses to copy an object onto itself unless something changes.
		...((contentType !== source.contentType || to === source.key) && {MetadataDirective: 'REPLACE' as const, ContentType: contentType}),
	});
	const answer = await s3.send(command).catch(error => {
		throw isAbsent(error) ? new ObjectMissing(source.key, {cause: error}) : error;
	});
	const {ETag, LastModified} = answer.CopyObjectResult ?? {};
	return {key: to, size, etag: ETag as Etag, contentType, modified: LastModified, answeredAt: answer.answeredAt};
};

type Piece = {part: ObjectFacts; range?: {start: number; end: number}};

/** Up to `wholeBytes` as it is; else pieces of half of that and a little more, all alike, since none but the last of a join may be short. */
const piecesOf = (part: ObjectFacts, wholeBytes: number): Piece[] => {
	if (part.size <= wholeBytes) return [{part}];
	const count = Math.floor(part.size / (wholeBytes / 2));
	const pieceBytes = Math.ceil(part.size / count);
	return Array.from({length: count}, (_, at) => ({
		part,
		range: {start: at * pieceBytes, end: Math.min(part.size, (at + 1) * pieceBytes) - 1},
	}));
};

const joinPieces = async (s3: S3, pieces: readonly Piece[], to: string, contentType: string, size: number): Promise<ObjectFacts> => {
	const upload = await beginMultipart(s3, to, 'copies', {contentType});
	const copyPiece = async ({part, range}: Piece, at: number) => {
		try {
			await upload.copyPart(at + 1, sourceOf(s3, part.key), range);
		} catch (error) {
			throw isAbsent(error) ? new ObjectMissing(part.key, {cause: error}) : error;
		}
	};
	try {
		for await (const _ of mapInOrder(pieces.entries(), requestsAtOnce, ([at, piece]) => copyPiece(piece, at)));
		return {key: to, size, contentType, ...(await upload.complete())};
	} catch (error) {
		await upload.abort();
		throw error;
	}
};

async function* contentOf(s3: S3, keys: readonly string[]): Bytes {
	for (const key of keys) {
		const object = await readObject(s3, key);
		if (!object) throw new ObjectMissing(key);
		yield* object.body;
	}
}
