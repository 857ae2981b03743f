/** Memory of bytes that nobody reads any more, given back at once. */

/**
 * Gives the memory of these bytes back now, and not when V8 next collects: of the pieces of a layer it lets some 64 MiB pile up, and then goes
 * through all of its heap for them, which was a fifth of an upload's processor time. Whoever calls this was given the bytes: other views
 * of them are empty from now on. What lies in memory that is shared with other bytes, as small buffers do, is left as it is.
 */
export const spend = ({buffer, byteLength}: Uint8Array): void => {
	if (byteLength > 0 && buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
};
