/** Memory that is given back before V8 comes by. */
import test from 'ava';
import {spend} from '../../src/lib/spent.ts';

test('bytes that have their memory to themselves give it back', t => {
	const bytes = Buffer.allocUnsafeSlow(64 * 1024);
	const view = bytes.subarray(10, 20);
	spend(bytes);
	t.is(bytes.length, 0);
	t.is(view.length, 0);
	spend(bytes);
});

test('bytes that lie beside others are left as they are', t => {
	const all = Buffer.alloc(100, 'a');
	for (const some of [all.subarray(0, 99), all.subarray(1), Buffer.from('few')]) {
		const before = String(some);
		spend(some);
		t.is(String(some), before);
	}
	const shared = new Uint8Array(new SharedArrayBuffer(8));
	spend(shared);
	t.is(shared.length, 8);
});
