/** A stream cut into parts, each gathered in one buffer from a budget that all streams share. While the budget is used up, the stream is not read. */
import type {Budget, Lease} from '../../lib/budget.ts';

/** Whoever takes a part releases it once its bytes are no longer needed. */
export type Part = {bytes: Buffer; isLast: boolean; release(): void};

/**
 * `sizeOf(number)`: how long part `number` (from 1) may be at most. A part is given out when the byte after it has come, or the end: so it is
 * known of each whether it is the last. No lease is held while another is waited for, except by parts that were given out.
 */
export async function* inParts(body: AsyncIterable<Uint8Array>, sizeOf: (number: number) => number, budget: Budget): AsyncGenerator<Part> {
	let part: {buffer: Buffer; lease: Lease; filled: number} | undefined;
	let number = 1;
	try {
		for await (const chunk of body) {
			for (let rest = chunk; rest.length > 0; ) {
				if (part && part.filled === part.buffer.length) {
					const full = part;
					part = undefined;
					yield {bytes: full.buffer, isLast: false, release: full.lease.release};
					number += 1;
				}
				if (!part) {
					const size = sizeOf(number);
					const lease = await budget.take(size);
					part = {buffer: Buffer.allocUnsafeSlow(size), lease, filled: 0};
				}
				const taken = rest.subarray(0, part.buffer.length - part.filled);
				part.buffer.set(taken, part.filled);
				part.filled += taken.length;
				rest = rest.subarray(taken.length);
			}
		}
		const last = part;
		part = undefined;
		yield last
			? {bytes: last.buffer.subarray(0, last.filled), isLast: true, release: last.lease.release}
			: {bytes: Buffer.alloc(0), isLast: true, release() {}};
	} finally {
		part?.lease.release();
	}
}
