/** Bytes that are gathered, in whatever pieces they come. */
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import test from 'ava';
import fc from 'fast-check';
import {readAtMost, TooLarge} from '../../src/lib/bytes.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

async function* given(pieces: readonly Uint8Array[]) {
	yield* pieces;
}

test('what is gathered is what came, whatever the pieces, and too much of it is refused', async t => {
	const pieces = fc.array(fc.uint8Array({maxLength: 20}), {maxLength: 30});
	await fc.assert(
		fc.asyncProperty(pieces, async chunks => {
			const before = chunks.map(chunk => Buffer.from(chunk));
			const whole = Buffer.concat(before);
			t.deepEqual(await readAtMost(given(chunks), whole.length), whole);
			t.deepEqual(
				chunks.map(chunk => Buffer.from(chunk)),
				before,
			);
			if (whole.length > 0) await t.throwsAsync(readAtMost(given(chunks), whole.length - 1), {instanceOf: TooLarge});
		}),
	);
});

test('many small pieces are not kept one by one', async t => {
	const kept: WeakRef<Uint8Array>[] = [];
	async function* small() {
		for (let count = 0; count < 1000; count += 1) {
			const piece = new Uint8Array(1);
			kept.push(new WeakRef(piece));
			yield piece;
		}
		// What a WeakRef has shown or begun with stays until the turn is over.
		await new Promise(setImmediate);
		collectGarbage();
		t.true(kept.filter(piece => piece.deref() !== undefined).length < 100);
	}
	t.is((await readAtMost(small(), 1000)).length, 1000);
});
