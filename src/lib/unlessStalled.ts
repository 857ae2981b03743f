/** A stream that is given up when it stands still while that hurts others. */

/** The same bytes. Throws `error()` once nothing has come for `seconds` to twice that long, and `hurts()` says so then. */
export async function* unlessStalled(
	body: AsyncIterable<Uint8Array>,
	{seconds, hurts, error}: {seconds: number; hurts: () => boolean; error: () => Error},
): AsyncGenerator<Uint8Array> {
	const chunks = body[Symbol.asyncIterator]();
	let giveUp: ((error: Error) => void) | undefined;
	let moved = true;
	const watch = setInterval(() => {
		if (!moved && hurts()) giveUp?.(error());
		moved = false;
	}, seconds * 1000);
	watch.unref();
	// Not by a race with one promise for all chunks, which would remember every one of them.
	const next = () =>
		new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
			giveUp = reject;
			chunks.next().then(resolve, reject);
		});
	try {
		for (;;) {
			const result = await next();
			giveUp = undefined;
			moved = true;
			if (result.done) return;
			yield result.value;
		}
	} finally {
		clearInterval(watch);
		// Not awaited: a generator that is waiting for bytes returns only when they come.
		chunks.return?.()?.catch(() => undefined);
	}
}
