import {rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import type {PasswordHash} from '../../src/auth/passwordHashes.ts';
import {createUsers, openHtpasswd} from '../../src/auth/users.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {until} from '../support/until.ts';

/** Hashes that are their passwords, and count how often they are tried. */
const start = (passwords: Record<string, string>) => {
	const tried: string[] = [];
	const hashOf = (password: string): PasswordHash => ({
		text: `hash of ${password}`,
		async matches(given) {
			tried.push(password);
			return given === password;
		},
	});
	const mapOf = (given: Record<string, string>) => new Map(Object.entries(given).map(([name, password]) => [name, hashOf(password)]));
	let hashes = mapOf(passwords);
	const time = {elapsed: 1000};
	const users = createUsers({hashes: () => hashes, elapsed: () => time.elapsed});
	const change = (changed: Record<string, string>) => {
		hashes = mapOf(changed);
	};
	const isRight = async (name: string, password: string) => 'identity' in (await users.authenticate(name, password, '127.0.0.1'));
	return {users, tried, time, change, isRight};
};

test('a user is known by the right password, and by no other', async t => {
	const {users, isRight} = start({alice: 'secret', bob: 'other'});
	t.like(await users.authenticate('alice', 'secret', '127.0.0.1'), {identity: {kind: 'user', name: 'user:alice', claims: {name: 'alice'}}});
	for (const [name, password] of [
		['alice', 'other'],
		['alice', ''],
		['Alice', 'secret'],
		['carol', 'secret'],
		['carol', 'other'],
		['', ''],
		['__proto__', 'secret'],
		['alice', 'secret\0'],
		['alice', 'x'.repeat(2000)],
	] as const)
		t.false(await isRight(name, password), `${name} ${password}`);
});

test('a wrong password and a name that nobody has are refused in the same words, for the same work', async t => {
	const {users, tried} = start({alice: 'secret', bob: 'other'});
	const wrong = await users.authenticate('alice', 'guess', '127.0.0.1');
	t.is(tried.length, 1);
	t.deepEqual(await users.authenticate('nobody', 'guess', '127.0.0.1'), wrong);
	t.is(tried.length, 2);
	t.deepEqual(
		await users.authenticate('nobody', tried[1] ?? '', '127.0.0.1'),
		wrong,
		'not even with the password that it is compared with',
	);
});

test('a name that nobody has is always compared with the same hash', async t => {
	const {tried, isRight} = start(Object.fromEntries(Array.from({length: 50}, (_, index) => [`user${index}`, `password${index}`])));
	for (let guess = 0; guess < 20; guess++) await isRight('nobody', `guess${guess}`);
	t.is(new Set(tried).size, 1);
});

test('a right answer is remembered for five minutes, a wrong one for ten seconds', async t => {
	const {tried, time, isRight} = start({alice: 'secret'});
	for (let round = 0; round < 3; round++) {
		t.true(await isRight('alice', 'secret'));
		t.false(await isRight('alice', 'guess'));
	}
	t.is(tried.length, 2);
	time.elapsed += 10_001;
	t.false(await isRight('alice', 'guess'));
	t.true(await isRight('alice', 'secret'));
	t.is(tried.length, 3);
	time.elapsed += 290_001;
	t.true(await isRight('alice', 'secret'));
	t.is(tried.length, 4);
});

test('what comes many times at once is tried once', async t => {
	const {tried, isRight} = start({alice: 'secret'});
	t.deepEqual(await Promise.all(Array.from({length: 20}, () => isRight('alice', 'secret'))), Array(20).fill(true));
	t.is(tried.length, 1);
});

test('a changed or removed user is not known by what was remembered', async t => {
	const {users, change, isRight} = start({alice: 'secret'});
	const known = await users.authenticate('alice', 'secret', '127.0.0.1');
	if (!('identity' in known)) return t.fail();
	const stands = () => users.stands(known.identity, known.mark)?.name;
	t.is(stands(), 'user:alice');
	change({alice: 'changed'});
	t.is(stands(), undefined);
	t.false(await isRight('alice', 'secret'));
	t.true(await isRight('alice', 'changed'));
	change({});
	t.is(stands(), undefined);
	t.false(await isRight('alice', 'changed'));
	change({alice: 'secret'});
	t.is(stands(), 'user:alice');
});

test('who shows a password while it is changed is known by the old one, which does not stand', async t => {
	const {promise, resolve} = Promise.withResolvers<boolean>();
	let hashes = new Map<string, PasswordHash>([['alice', {text: 'old', matches: () => promise}]]);
	const users = createUsers({hashes: () => hashes, elapsed: () => 1000});
	const asked = users.authenticate('alice', 'secret', '127.0.0.1');
	hashes = new Map([['alice', {text: 'new', matches: async () => false}]]);
	resolve(true);
	const answer = await asked;
	t.is('identity' in answer ? users.stands(answer.identity, answer.mark) : undefined, undefined);
});

test('log-ins that come faster than they can be tried are refused for a time, and not those from elsewhere', async t => {
	const ends: (() => void)[] = [];
	const slow: PasswordHash = {text: 'slow', matches: () => new Promise(resolve => ends.push(() => resolve(false)))};
	const users = createUsers({hashes: () => new Map([['alice', slow]]), elapsed: () => 0});
	const flood = Array.from({length: 200}, (_, guess) => users.authenticate('alice', `guess${guess}`, '127.0.0.1'));
	const answers = await Promise.race([Promise.all(flood.slice(150)), Promise.all(flood)]);
	t.like(answers[0], {isTemporary: true});
	const elsewhere = users.authenticate('alice', 'secret', '127.0.0.2');
	for (let round = 0; round < 4; round++) {
		await new Promise(setImmediate);
		ends.shift()?.();
	}
	t.deepEqual(await elsewhere, {refused: 'the user name or the password is wrong'});
});

test('whoever has a network of IPv6 addresses waits as one for his log-ins', async t => {
	const slow: PasswordHash = {text: 'slow', matches: () => new Promise(() => undefined)};
	const users = createUsers({hashes: () => new Map([['alice', slow]]), elapsed: () => 0});
	const flood = Array.from({length: 200}, (_, guess) => users.authenticate('alice', `guess${guess}`, `2001:db8::${guess.toString(16)}`));
	t.like(await Promise.race(flood.slice(150)), {isTemporary: true});
});

test('the file of users is read again when it changes, and one that is broken changes nothing', async t => {
	const hash = '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
	const path = join(await temporaryFolder(t), 'users');
	await writeFile(path, `alice:${hash}`);
	const refused: string[] = [];
	const file = await openHtpasswd(path, {
		onLoaded: () => undefined,
		onRefused: ({message}) => void refused.push(message),
		timing: {settleMs: 1, lookEveryMs: 1e9},
	});
	t.teardown(file.stop);
	const users = createUsers({hashes: file.current, elapsed: () => 0});
	const replace = async (text: string) => {
		await writeFile(`${path}.new`, text);
		await rename(`${path}.new`, path);
	};
	t.true('identity' in (await users.authenticate('alice', 'U*U', '127.0.0.1')));
	await replace('alice:plain');
	await until(() => refused.length === 1);
	t.true('identity' in (await users.authenticate('alice', 'U*U', '127.0.0.1')));
	await replace(`bob:${hash}`);
	await until(() => file.current().has('bob'));
	t.false('identity' in (await users.authenticate('alice', 'U*U', '127.0.0.1')));
	t.true('identity' in (await users.authenticate('bob', 'U*U', '127.0.0.1')));
});
