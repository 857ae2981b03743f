/** The rest of a body whose sender was redirected, which nobody wants. */
import type {IncomingMessage} from 'node:http';

/**
 * Go's client stops sending some 50 ms after it was redirected, and closes the connection; but what its system still holds, megabytes of it,
 * would come as fast as it is read. That is work for nothing, so a long rest is never read: long after the client has left, the connection is
 * dropped, and the rest with it. What fits into the buffers of the system Node drops at once, and the connection serves the next request.
 */
export const leaveRest = (request: IncomingMessage): void => {
	const {'content-length': size = 0} = request.headers;
	if (Number(size) <= bufferedBytes) return;
	// Node drops what comes after the answer, unless somebody has begun to read.
	request.read(0);
	cutUnlessComplete(request);
};

/** Drops the connection of who still sends when it has had the time to read its answer. */
export const cutUnlessComplete = (request: IncomingMessage): void => {
	setTimeout(() => {
		if (!request.complete) request.socket.destroy();
	}, clientHasLeftAfterMs).unref();
};

const bufferedBytes = 4 * 1024 * 1024;
// Whoever is cut before it has read the answer sees a broken pipe in its place. The end takes the same way as the answer, so this is the time
// that the client has, however far away; enough for an answer that was lost once and sent again.
const clientHasLeftAfterMs = 2000;
