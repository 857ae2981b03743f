import {randomBytes} from 'node:crypto';
import test from 'ava';
import {createKnownTokens} from '../../src/auth/knownTokens.ts';
import {createStaticTokens, staticTokensKey, TokenNameTaken} from '../../src/auth/staticTokens.ts';
import {readAll} from '../../src/lib/bytes.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {gate, recording} from '../support/stores.ts';

const day = 86_400_000;

const start = () => {
	const time = {now: Date.parse('2026-11-27T12:00:00Z'), elapsed: 1000};
	const inner = createMemoryStore({now: () => new Date(time.now)});
	const {store, asked} = recording(inner);
	const tokens = createStaticTokens(inner, {bytes: randomBytes});
	const known = createKnownTokens(store, {clock: () => time.now, elapsed: () => time.elapsed});
	const pass = (ms: number) => {
		time.now += ms;
		time.elapsed += ms;
	};
	const refused = async (text: string) => {
		const answer = await known.authenticate(text);
		return 'refused' in answer ? answer.refused : `holds for ${answer.identity.name}`;
	};
	return {inner, store, asked, tokens, known, pass, refused};
};

test('a token is known by its text, and by its name alone', async t => {
	const {tokens, known} = start();
	const {text} = await tokens.create({name: 'deploy', createdBy: 'somebody'});
	t.regex(text, /^lc_[0-9a-f]{12}_[\w-]{43}$/);
	t.like(await known.authenticate(text), {identity: {kind: 'token', name: 'token:deploy', claims: {name: 'deploy'}}});
});

test('the store has nothing that one could log in with', async t => {
	const {tokens, inner} = start();
	const {text, token} = await tokens.create({name: 'deploy', createdBy: 'somebody'});
	const object = await inner.read(staticTokensKey);
	const stored = object ? (await readAll(object.body)).toString() : '';
	t.true(stored.includes(token.id));
	const secret = text.split('_').slice(2).join('_');
	t.false(stored.includes(secret));
	for (const encoding of ['hex', 'base64', 'base64url'] as const) {
		t.false(stored.includes(Buffer.from(secret, 'base64url').toString(encoding)));
		t.false(stored.includes(Buffer.from(secret).toString(encoding)));
	}
});

test('a token with rights of its own brings them along', async t => {
	const {tokens, known} = start();
	const grants = [{may: ['pull'], on: ['ci/**:*']}] as const;
	const {text} = await tokens.create({name: 'reader', grants, createdBy: 'somebody'});
	t.like(await known.authenticate(text), {identity: {grants}});
});

test('texts that are not quite a token are none', async t => {
	const {tokens, refused} = start();
	const {text, token} = await tokens.create({name: 'deploy', createdBy: 'somebody'});
	const secret = text.slice(`lc_${token.id}_`.length);
	t.is(await refused(`lc_${token.id}_${'A'.repeat(43)}`), 'there is no such token');
	t.is(await refused(`lc_${'0'.repeat(12)}_${secret}`), 'there is no such token');
	for (const broken of [`${text}x`, text.slice(0, -1), text.toUpperCase(), `lc_${token.id}_`, `lc_../../x_${secret}`, ` ${text}`])
		t.is(await refused(broken), 'the token is not whole');
});

test('a token expires, and what was issued for it with it', async t => {
	const {tokens, known, pass, refused} = start();
	const {text} = await tokens.create({name: 'short', expiresInMs: day, createdBy: 'somebody'});
	const answer = await known.authenticate(text);
	if (!('identity' in answer)) return t.fail();
	t.deepEqual(answer.expiresAt, new Date('2026-11-28T12:00:00Z'));
	pass(day);
	t.is(await refused(text), 'the token short has expired');
	t.is(await known.stands(answer.identity, answer.mark), undefined);
});

test('a revocation reaches a server within 30 s, also for what was issued before', async t => {
	const {tokens, known, pass, refused} = start();
	const {text} = await tokens.create({name: 'deploy', createdBy: 'somebody'});
	const answer = await known.authenticate(text);
	if (!('identity' in answer)) return t.fail();
	pass(1000);
	await tokens.revoke('deploy');
	pass(30_000);
	t.is(await known.stands(answer.identity, answer.mark), undefined);
	t.is(await refused(text), 'the token deploy was revoked');
});

test('a name may be used again after a revocation, and the tokens before it stay worthless', async t => {
	const {tokens, known, pass, refused} = start();
	const first = await tokens.create({name: 'deploy', createdBy: 'somebody'});
	const before = await known.authenticate(first.text);
	if (!('identity' in before)) return t.fail();
	await tokens.revoke('deploy');
	const second = await tokens.create({name: 'deploy', createdBy: 'somebody'});
	pass(30_001);
	t.is(await refused(second.text), 'holds for token:deploy');
	t.is(await refused(first.text), 'the token deploy was revoked');
	t.is(await known.stands(before.identity, before.mark), undefined);
});

test('of many who want one name at once, one gets it', async t => {
	const {inner} = start();
	const together = gate(8);
	const store = {
		...inner,
		async read(key: string) {
			const found = await inner.read(key);
			await together();
			return found;
		},
	};
	const tokens = createStaticTokens(store, {bytes: randomBytes});
	const made = await Promise.allSettled(Array.from({length: 8}, () => tokens.create({name: 'deploy', createdBy: 'somebody'})));
	t.is(made.filter(({status}) => status === 'fulfilled').length, 1);
	for (const each of made) if (each.status === 'rejected') t.true(each.reason instanceof TokenNameTaken);
	t.is((await tokens.list()).length, 1);
});

test('revoking what is not in use says so', async t => {
	const {tokens, pass} = start();
	await tokens.create({name: 'short', expiresInMs: day, createdBy: 'somebody'});
	pass(day);
	t.is(await tokens.revoke('short'), undefined);
	t.is(await tokens.revoke('never'), undefined);
});

test('what was revoked or has expired is listed for 90 days more', async t => {
	const {tokens, pass} = start();
	await tokens.create({name: 'revoked', createdBy: 'somebody'});
	await tokens.create({name: 'short', expiresInMs: day, createdBy: 'somebody'});
	await tokens.revoke('revoked');
	const names = async () => (await tokens.list()).map(({name}) => name);
	pass(89 * day);
	await tokens.create({name: 'later', createdBy: 'somebody'});
	t.deepEqual(await names(), ['later', 'short', 'revoked']);
	pass(3 * day);
	await tokens.create({name: 'last', createdBy: 'somebody'});
	t.deepEqual(await names(), ['last', 'later']);
});

test('a token that was just made is known after two seconds at most, and made-up ids cost the store next to nothing', async t => {
	const {tokens, asked, pass, refused} = start();
	t.is(await refused(`lc_${'0'.repeat(12)}_${'A'.repeat(43)}`), 'there is no such token');
	const {text} = await tokens.create({name: 'deploy', createdBy: 'somebody'});
	pass(2000);
	t.is(await refused(text), 'holds for token:deploy');
	const before = asked.length;
	for (let guess = 0; guess < 100; guess++) await refused(`lc_${String(guess).padStart(12, '0')}_${'A'.repeat(43)}`);
	t.is(asked.length, before);
});

test('many at once are one question to the store, and a known token none', async t => {
	const {tokens, asked, known, pass} = start();
	const {text} = await tokens.create({name: 'deploy', createdBy: 'somebody'});
	const answers = await Promise.all(Array.from({length: 50}, () => known.authenticate(text)));
	t.is(asked.length, 1);
	const [answer] = answers;
	if (!answer || !('identity' in answer)) return t.fail();
	pass(14_000);
	for (let round = 0; round < 50; round++) t.is(known.stands(answer.identity, answer.mark) instanceof Promise, false);
	t.is(asked.length, 1);
	pass(2000);
	t.is(known.stands(answer.identity, answer.mark) instanceof Promise, false);
	t.is(asked.length, 2, 'it is read again before anybody has to wait');
});

test('while the store is away, what is known holds for 30 s', async t => {
	const {inner, tokens, pass} = start();
	const {text} = await tokens.create({name: 'deploy', createdBy: 'somebody'});
	let isAway = false;
	const time = {elapsed: 1000};
	const store = {...inner, read: async (key: string) => (isAway ? Promise.reject(new Error('away')) : inner.read(key))};
	const known = createKnownTokens(store, {clock: Date.now, elapsed: () => time.elapsed});
	t.true('identity' in (await known.authenticate(text)));
	isAway = true;
	time.elapsed += 29_000;
	t.true('identity' in (await known.authenticate(text)));
	time.elapsed += 2000;
	await t.throwsAsync(known.authenticate(text), {message: 'away'});
	isAway = false;
	t.true('identity' in (await known.authenticate(text)));
	pass(0);
});
