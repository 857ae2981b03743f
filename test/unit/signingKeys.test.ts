import {rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {openSigningKeys, parseSigningKeys, SigningKeysInvalid} from '../../src/auth/signingKeys.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {until} from '../support/until.ts';

const [older, newer] = ['o'.repeat(32), 'n'.repeat(40)];

test('keys stand one a line, the newest first, and comments and empty lines are none', t => {
	const keys = parseSigningKeys(`# since November\n${newer}\n\n${older}\r\n`);
	t.deepEqual(
		keys.map(({secret}) => Buffer.from(secret).toString()),
		[newer, older],
	);
});

test('in a setting, commas stand between keys', t => {
	t.deepEqual(parseSigningKeys(`${newer}, ${older}`), parseSigningKeys(`${newer}\n${older}`));
});

test('the id of a key is the same on every replica, and another for another key', t => {
	const [[a], [b], [c]] = [parseSigningKeys(newer), parseSigningKeys(`${newer},${older}`), parseSigningKeys(older)];
	t.is(a.id, b.id);
	t.not(a.id, c.id);
	t.regex(a.id, /^[0-9a-f]{8}$/);
});

test('a key that is too short is refused with its line, and not repeated', t => {
	const error = t.throws(() => parseSigningKeys(`${newer}\nsecret-but-short`), {instanceOf: SigningKeysInvalid});
	t.regex(error?.message ?? '', /line 2 has 16 characters, and needs 32/);
	t.notRegex(error?.message ?? '', /secret-but-short/);
});

test('a text without a key is refused', t => {
	t.throws(() => parseSigningKeys('# none yet\n'), {instanceOf: SigningKeysInvalid, message: /no key/});
});

test('a key with blanks in it is refused', t => {
	t.throws(() => parseSigningKeys(`${newer} ${older}`), {instanceOf: SigningKeysInvalid, message: /printable ASCII/});
});

test('a file of keys is read anew when it changes, and a broken one changes nothing', async t => {
	const path = join(await temporaryFolder(t), 'keys');
	await writeFile(path, older);
	const refused: string[] = [];
	const file = await openSigningKeys(path, {
		onLoaded: () => undefined,
		onRefused: ({message}) => void refused.push(message),
		timing: {settleMs: 1, lookEveryMs: 1e9},
	});
	t.teardown(file.stop);
	const replace = async (text: string) => {
		await writeFile(`${path}.new`, text);
		await rename(`${path}.new`, path);
	};
	await replace(`${newer}\n${older}`);
	await until(() => file.current().length === 2);
	await replace('short');
	await until(() => refused.length === 1);
	t.is(file.current().length, 2);
	t.true(refused[0]?.includes(path));
});

test('a file that is not there is refused with its name', async t => {
	const path = join(await temporaryFolder(t), 'none');
	await t.throwsAsync(openSigningKeys(path, {onLoaded: () => undefined, onRefused: () => undefined}), {
		instanceOf: SigningKeysInvalid,
		message: /none cannot be used: the file cannot be read/,
	});
});
