/** The rest of a body whose sender was redirected, which nobody wants. */
import type {IncomingMessage} from 'node:http';

/**
 * Go's client stops sending some 50 ms after it was redirected, and closes the connection. Until then it sends as fast as it is read,
 * which is work for nothing; so a long rest waits, and what then comes is dropped. What fits into the buffers of the system Node drops
 * at once, and the connection serves the next request.
 */
export const delayRest = (request: IncomingMessage): void => {
	const {'content-length': size = 0} = request.headers;
	if (Number(size) <= bufferedBytes) return;
	// Node drops what comes after the answer, unless somebody has begun to read.
	request.read(0);
	setTimeout(() => request.resume(), clientStopsWithinMs).unref();
};

const bufferedBytes = 4 * 1024 * 1024;
const clientStopsWithinMs = 250;
