import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {sized, verified} from '../../src/registry/verified.ts';

const chunks = ['ab', 'cd', 'e'].map(text => Buffer.from(text));
async function* body() {
	yield* chunks;
}

/** What got through, and the code of the error that ended it. */
const through = async (stream: AsyncIterable<Uint8Array>) => {
	const seen: string[] = [];
	try {
		for await (const chunk of stream) seen.push(Buffer.from(chunk).toString());
	} catch (error) {
		return {seen, code: (error as {code?: string}).code};
	}
	return {seen, code: undefined};
};

for (const algorithm of ['sha256', 'sha512'] as const) {
	test(`the right bytes pass: ${algorithm}`, async t => {
		t.deepEqual(await through(verified(body(), digestOf(Buffer.from('abcde'), algorithm))), {seen: ['ab', 'cd', 'e'], code: undefined});
	});
}

test('of wrong bytes the last are never handed on', async t => {
	t.deepEqual(await through(verified(body(), digestOf(Buffer.from('other')))), {seen: ['ab', 'cd'], code: 'DIGEST_INVALID'});
});

test('nor because of an empty piece behind them', async t => {
	async function* wrong() {
		yield* [Buffer.from('wrong'), Buffer.alloc(0)];
	}
	for (const size of [5, undefined])
		t.deepEqual(await through(verified(wrong(), digestOf(Buffer.from('other')), size)), {seen: [], code: 'DIGEST_INVALID'});
});

test('no bytes are verified too', async t => {
	async function* none() {}
	t.deepEqual(await through(verified(none(), digestOf(Buffer.from('')))), {seen: [], code: undefined});
	t.deepEqual(await through(verified(none(), digestOf(Buffer.from('x')))), {seen: [], code: 'DIGEST_INVALID'});
});

test('too many bytes are refused as soon as they come, too few at the end', async t => {
	t.deepEqual(await through(sized(body(), 5)), {seen: ['ab', 'cd', 'e'], code: undefined});
	t.deepEqual(await through(sized(body(), 3)), {seen: ['ab'], code: 'SIZE_INVALID'});
	t.deepEqual(await through(sized(body(), 6)), {seen: ['ab', 'cd', 'e'], code: 'SIZE_INVALID'});
	t.deepEqual(await through(sized(body(), undefined)), {seen: ['ab', 'cd', 'e'], code: undefined});
});
