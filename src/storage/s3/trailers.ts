/** Whether an S3 checks a sum that comes after the bytes: tried out with a small upload, since some take it for more bytes, or for nothing. */
import {randomBytes} from 'node:crypto';
import {crc32} from 'node:zlib';
import type {S3} from './client.ts';
import {type Content, contentOf, formatCrc32} from './content.ts';
import {beginMultipart} from './multipart.ts';
import {readObject} from './objects.ts';
import {S3Failure} from './s3Failure.ts';
import {frameBytes} from './sums.ts';

/** Leaves an object at `key` where it does. Without it parts are gathered before they are sent: so nothing that fails here is an error. */
export const checksTrailers = async (s3: S3, key: string): Promise<boolean> => {
	const tooLate = AbortSignal.timeout(s3.tuning.probeSeconds * 1000);
	const late = new Promise<false>(resolve => tooLate.addEventListener('abort', () => resolve(false)));
	return Promise.race([tryOut(s3, key, tooLate).catch(() => false), late]);
};

const tryOut = async (s3: S3, key: string, tooLate: AbortSignal): Promise<boolean> => {
	const bytes = randomBytes(frameBytes + 1000);
	const upload = await beginMultipart(s3, key, 'bytes', {});
	const stop = () => void upload.abort();
	tooLate.addEventListener('abort', stop);
	try {
		tooLate.throwIfAborted();
		await upload.sendPart(1, unannounced(bytes, crc32(bytes)));
		await upload.sendPart(2, unannounced(bytes, crc32(bytes.subarray(1))), {once: true}).then(wasTaken, orBadRequest);
		await upload.complete();
	} catch (error) {
		await upload.abort();
		throw error;
	} finally {
		tooLate.removeEventListener('abort', stop);
	}
	const stored = await readObject(s3, key);
	return stored !== undefined && Buffer.concat(await Array.fromAsync(stored.body)).equals(bytes);
};

/** As if it were still coming when its request begins. */
const unannounced = (bytes: Uint8Array, crc: number): Content => ({
	...contentOf(bytes),
	isWhole: () => false,
	crc32: () => formatCrc32(crc),
});

const wasTaken = () => {
	throw new Error('a wrong sum was taken');
};

/** Any other failure may have another cause. */
const orBadRequest = (error: unknown) => {
	if (!(error instanceof S3Failure && error.status === 400)) throw error;
};
