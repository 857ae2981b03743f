/** Copies and joins that S3 makes itself. */
import {CopyObjectCommand} from '@aws-sdk/client-s3';
import {mapInOrder} from '../../lib/mapInOrder.ts';
import {type Bytes, type ObjectFacts, ObjectMissing, octetStream, type StoredPart} from '../objectStore.ts';
import type {S3} from './client.ts';
import {escapePath} from './escaping.ts';
import {beginMultipart} from './multipart.ts';
import {etagOf, isAbsent, readObject, statObject} from './objects.ts';
import {type UploadMemory, uploadStream} from './uploads.ts';

export const copyObject = async (s3: S3, from: string, to: string): Promise<ObjectFacts> => {
	const source = await statObject(s3, from);
	if (!source) throw new ObjectMissing(from);
	return copyWhole(s3, source, to, source.contentType ?? octetStream);
};

/** On S3's side where its rules for parts allow it. Else the parts are read and uploaded. */
export const composeObject = async (
	s3: S3,
	memory: UploadMemory,
	parts: readonly StoredPart[],
	to: string,
	{contentType = octetStream}: {contentType?: string} = {},
): Promise<ObjectFacts> => {
	const [first] = parts;
	if (first && parts.length === 1) return copyWhole(s3, first, to, contentType);
	const size = parts.reduce((sum, part) => sum + part.size, 0);
	const isInside = joinsInside(
		s3,
		parts.map(part => part.size),
	);
	if (!isInside) return uploadStream(s3, memory, to, contentOf(s3, parts), {contentType, size});
	const pieces = parts.flatMap(part => piecesOf(part, s3.tuning.copyBytes));
	return joinPieces(s3, pieces, to, contentType, size);
};

export const joinsInside = ({tuning}: S3, sizes: readonly number[]): boolean => {
	const pieces = sizes.reduce((sum, size) => sum + pieceCount(size, tuning.copyBytes), 0);
	const hasShort = sizes.slice(0, -1).some(size => size < tuning.joinableBytes) || sizes.at(-1) === 0;
	return sizes.length === 1 || (sizes.length > 1 && pieces <= maxParts && !hasShort);
};

const maxParts = 10_000;
const requestsAtOnce = 8;

const sourceOf = (s3: S3, key: string) => `${s3.bucket}/${escapePath(s3.fullKey(key))}`;

const copyWhole = async (s3: S3, source: StoredPart & {contentType?: string}, to: string, contentType: string): Promise<ObjectFacts> => {
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
	return {key: to, size, etag: etagOf(s3, 'CopyObject', ETag), contentType, modified: LastModified, answeredAt: answer.answeredAt};
};

type Piece = {part: StoredPart; range?: {start: number; end: number}};

/** Up to `wholeBytes` as it is; else pieces of half of that and a little more, all alike, since none but the last of a join may be short. */
const piecesOf = (part: StoredPart, wholeBytes: number): Piece[] => {
	const count = pieceCount(part.size, wholeBytes);
	if (count === 1) return [{part}];
	const pieceBytes = Math.ceil(part.size / count);
	return Array.from({length: count}, (_, at) => ({
		part,
		range: {start: at * pieceBytes, end: Math.min(part.size, (at + 1) * pieceBytes) - 1},
	}));
};

const pieceCount = (size: number, wholeBytes: number) => (size <= wholeBytes ? 1 : Math.floor(size / (wholeBytes / 2)));

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

async function* contentOf(s3: S3, parts: readonly StoredPart[]): Bytes {
	for (const {key} of parts) {
		const object = await readObject(s3, key);
		if (!object) throw new ObjectMissing(key);
		yield* object.body;
	}
}
