/** What replicas wrote down adds up to the same, in whatever order, and however it was put together. */
import test from 'ava';
import fc from 'fast-check';
import {addLine, formatDocument, formatLines, parseDocument} from '../../src/usage/document.ts';
import {addLedger, type Ledger} from '../../src/usage/ledger.ts';
import {contentOf, ledgers} from '../support/usageLedgers.ts';

const since = new Date('2026-11-27T12:00:00Z');

const sum = (...parts: readonly Ledger[]): Ledger => {
	const into: Ledger = new Map();
	for (const part of parts) addLedger(into, part);
	return into;
};

const read = (text: string): Ledger => {
	const ledger: Ledger = new Map();
	for (const lines of parseDocument(text).lines.values()) for (const line of lines) addLine(ledger, line.text);
	return ledger;
};

test('ledgers add up in any order and in any grouping', t => {
	fc.assert(
		fc.property(ledgers(), ledgers(), ledgers(), (a, b, c) => {
			const whole = contentOf(sum(a, b, c));
			t.deepEqual(contentOf(sum(c, a, b)), whole);
			t.deepEqual(contentOf(sum(a, sum(b, c))), whole);
		}),
	);
	t.pass();
});

test('adding up changes none of the parts', t => {
	fc.assert(
		fc.property(ledgers(), ledgers(), (a, b) => {
			const before = [contentOf(a), contentOf(b)];
			const whole = sum(a, b);
			addLedger(whole, b);
			t.deepEqual([contentOf(a), contentOf(b)], before);
		}),
	);
	t.pass();
});

test('a document has what was written to it', t => {
	fc.assert(
		fc.property(ledgers(), ledger => {
			t.deepEqual(contentOf(read(formatDocument(formatLines(ledger), since))), contentOf(ledger));
		}),
	);
	t.pass();
});

test('a document that was cut off or changed is no document, wherever that was', t => {
	fc.assert(
		fc.property(ledgers(), fc.nat(), (ledger, at) => {
			const text = formatDocument(formatLines(ledger), since);
			t.throws(() => parseDocument(text.slice(0, at % text.length)));
		}),
	);
	for (const text of [
		'',
		'\n',
		'{"usage":2,"lines":0,"since":1}\n',
		'{"usage":1,"lines":0,"since":1}',
		'{"usage":1,"lines":1,"since":1}\n{"repo":"ci/app","refs":[["main",[1],[]]]}\n',
	])
		t.throws(() => parseDocument(text), undefined, text);
});
