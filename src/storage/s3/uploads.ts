/** Streams into S3: one PUT when short, else parts in parallel, sent while they come, and again from memory when S3 refuses one for a passing reason. */
import {digestHex} from 'oci-spec-types';
import type {Slabs} from '../../lib/slabs.ts';
import {type Bytes, type ObjectFacts, octetStream, type UploadOptions, type WriteOptions} from '../objectStore.ts';
import type {S3} from './client.ts';
import {beginMultipart} from './multipart.ts';
import {type PutOptions, putObject} from './objects.ts';
import {inParts, type Part} from './parts.ts';

/** Two pools: what a build waits for at its end, a config, must not queue behind the layers of all others. */
export type UploadMemory = {documents: Slabs; layers: Slabs};

export const uploadStream = async (
	s3: S3,
	memory: UploadMemory,
	key: string,
	body: Bytes,
	{size, sha256, sender = ourselves, isGiven = false, ...options}: UploadOptions,
): Promise<ObjectFacts> => {
	const {singleBytes, partBytes, documentBytes, partsAtOnce: atOnce} = s3.tuning;
	const slabs = size !== undefined && size <= documentBytes ? memory.documents : memory.layers;
	const isShort = size !== undefined && size <= singleBytes && size <= slabs.capacity(size);
	const sizeOf = isShort ? () => size : partBytesFor(size, partBytes);
	// A hash of the whole says more than a sum, where S3 gets the whole at once.
	const withSums = !(isShort && sha256);
	const sentComing = size !== undefined && (isShort ? sha256 !== undefined : s3.checksTrailers);
	const slow = sentComing ? s3.tuning.slow : s3.tuning.stalled;
	const rest = inParts(body, {size, sizeOf, slabs, atOnce, sender, isGiven, sentComing, slow, withSums});
	const first = rest.next();
	const isOne = size === undefined ? isLast(await first) : isShort;
	if (isOne) return uploadWhole(s3, key, {first, rest}, {...options, sha256: sha256 && digestHex(sha256)});
	return uploadInParts(s3, key, {first, rest}, options);
};

/** In whose name memory is taken for what no client sends. */
const ourselves = '';

const maxParts = 10_000;
const MiB = 1024 * 1024;

/** Where the length is known, all parts but the last are equal. Where it is not, they double in size now and then: 50 GiB are reached long before the last part. */
export const partBytesFor = (size: number | undefined, smallest: number) => {
	if (size === undefined) return (number: number) => smallest * 2 ** Math.floor((number - 1) / 2000);
	const bytes = size <= smallest * maxParts ? smallest : Math.ceil(size / maxParts / MiB) * MiB;
	return () => bytes;
};

/** Of a stream that comes to its end without one, the first part is there all the same: an empty one. */
type PartStream = {first: Promise<IteratorResult<Part>>; rest: AsyncGenerator<Part>};

const isLast = ({value: part}: IteratorResult<Part>) => part.isLast;

const uploadWhole = async (s3: S3, key: string, stream: PartStream, options: PutOptions): Promise<ObjectFacts> => {
	const stop = new AbortController();
	try {
		const [stored] = await sendEach(stream, part => putObject(s3, key, part, {...options, signal: stop.signal}));
		return stored as ObjectFacts;
	} catch (error) {
		stop.abort(new Error('the upload was given up'));
		throw error;
	}
};

const uploadInParts = async (s3: S3, key: string, stream: PartStream, options: WriteOptions): Promise<ObjectFacts> => {
	// S3 is told while the first part comes.
	const beginning = beginMultipart(s3, key, 'bytes', options);
	beginning.catch(ignore);
	try {
		const sizes = await sendEach(stream, async (part, number) => {
			const upload = await beginning;
			// Such an S3 must be told the sum before the bytes, and nobody knows it before they are all there.
			if (!s3.checksTrailers) await part.whole();
			await upload.sendPart(number, part);
			return part.size;
		});
		const {contentType = octetStream} = options;
		const size = sizes.reduce((sum, each) => sum + each, 0);
		return {key, size, contentType, ...(await (await beginning).complete())};
	} catch (error) {
		await (await beginning.catch(ignore))?.abort();
		throw error;
	}
};

/** What `send` made of each part, in order; parts are sent while they come. Whatever fails first, the stream or a part, ends it all. */
const sendEach = async <T>({first, rest}: PartStream, send: (part: Part, number: number) => Promise<T>): Promise<T[]> => {
	const failure = Promise.withResolvers<never>();
	failure.promise.catch(ignore);
	const underWay = new Set<Part>();
	const sent: Promise<T>[] = [];
	let coming = first;
	try {
		for (;;) {
			// Not waiting for the client alone: it may be slow, and the upload lost already.
			const {value: part, done} = await Promise.race([coming, failure.promise]);
			if (done) return await Promise.all(sent);
			underWay.add(part);
			const sending = send(part, sent.length + 1).finally(() => {
				underWay.delete(part);
				part.release();
			});
			sending.catch(failure.reject);
			sent.push(sending);
			coming = rest.next();
		}
	} catch (error) {
		for (const part of underWay) part.giveUp(error as Error);
		coming.then(({value: part}) => part?.release(), ignore);
		rest.return(undefined).catch(ignore);
		throw error;
	}
};

const ignore = () => undefined;
