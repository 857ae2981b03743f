import test from 'ava';
import {createDocumentMemory} from '../../src/registry/documentMemory.ts';

const setUp = () => {
	const now = {ms: 1};
	const memory = createDocumentMemory<{bytes: Uint8Array}>({lifetimeMs: 1000, elapsed: () => now.ms});
	let reads = 0;
	const read = async (text = 'document') => {
		reads += 1;
		return {bytes: Buffer.from(text)};
	};
	return {memory, now, read, reads: () => reads};
};

test('a document is read once, however many ask, until its time is over', async t => {
	const {memory, now, read, reads} = setUp();
	await Promise.all([memory.get('key', read), memory.get('key', read)]);
	now.ms += 1000;
	await memory.get('key', read);
	t.is(reads(), 1);
	now.ms += 1;
	await memory.get('key', read);
	t.is(reads(), 2);
});

test('absence is not remembered, nor shared with who asked later', async t => {
	const {memory, read} = setUp();
	const held = Promise.withResolvers<undefined>();
	const first = memory.get('key', () => held.promise);
	const second = memory.get('key', () => read('written since'));
	held.resolve(undefined);
	t.is(await first, undefined);
	t.deepEqual((await second)?.bytes, Buffer.from('written since'));
});

test('what is forgotten while it is read is not remembered', async t => {
	const {memory, read, reads} = setUp();
	const held = Promise.withResolvers<void>();
	const reading = memory.get('key', async () => {
		await held.promise;
		return read();
	});
	memory.forget('key');
	held.resolve();
	await reading;
	t.is(memory.peek('key'), undefined);
	await memory.get('key', read);
	t.is(reads(), 2);
});

test('a read that fails is tried again', async t => {
	const {memory, read} = setUp();
	await t.throwsAsync(
		memory.get('key', () => Promise.reject(new Error('away'))),
		{message: 'away'},
	);
	t.truthy(await memory.get('key', read));
});

test('a document does not keep the memory it was read into', async t => {
	const {memory} = setUp();
	const bytes = Buffer.alloc(1_000_000).subarray(10, 30);
	memory.set('set', {bytes});
	await memory.get('read', async () => ({bytes}));
	for (const key of ['set', 'read']) t.is(memory.peek(key)?.bytes.buffer.byteLength, 20);
});
