/** Defences of who somebody is: id tokens, our own tokens, users, static tokens. */
import type {Mutation} from './mutation.ts';

const idTokens = 'test/unit/idTokens.test.ts';
const sessions = 'test/unit/sessionTokens.test.ts';
const users = 'test/unit/users.test.ts';
const staticTokens = 'test/unit/staticTokens.test.ts';

export const identityMutations: readonly Mutation[] = [
	{
		threat: 'An id token of no algorithm, or signed with the public key as a secret',
		file: 'src/auth/issuerKeys.ts',
		take: 'const keys = read.data.keys.flatMap(key => publicKeySchema.safeParse(key).data ?? []);',
		leave: 'const keys = read.data.keys as {kty: string}[];',
		test: {file: idTokens, title: 'an issuer that answers badly (…) vouches for nobody, and the log hears why'},
	},
	{
		threat: 'An id token whose algorithm the policy does not name',
		file: 'src/auth/idTokens.ts',
		take: 'algorithms: issuer.algorithms,',
		leave: '',
		test: {file: idTokens, title: 'algorithms that the policy does not name are refused'},
	},
	{
		threat: 'An id token that is for somebody else',
		file: 'src/auth/idTokens.ts',
		take: 'audience: issuer.audience,',
		leave: '',
		test: {file: idTokens, title: 'a token for somebody else is refused, and says for whom it is'},
	},
	{
		threat: 'An id token of an issuer that nobody trusts',
		file: 'src/auth/idTokens.ts',
		take: '.filter(([, each]) => each.issuer === issuer);',
		leave: ';',
		test: {file: idTokens, title: 'a token of an issuer that the policy does not have is refused before anybody is asked'},
	},
	{
		threat: 'An id token without an end',
		file: 'src/auth/idTokens.ts',
		take: "requiredClaims: ['exp', 'sub', 'aud'],",
		leave: '',
		test: {file: idTokens, title: 'a token without an end, or without a subject, is refused'},
	},
	{
		threat: 'A huge id token',
		file: 'src/auth/idTokens.ts',
		take: 'if (text.length > longestToken) return {refused: `the token is longer than ${longestToken} characters`};',
		leave: '',
		test: {file: idTokens, title: 'what is no token at all, or is far too long, is refused without a question'},
	},
	{
		threat: 'Key ids that are made up, to have an issuer asked without end',
		file: 'src/auth/issuerKeys.ts',
		take: 'if (!trying && elapsed() - triedAt < retryAfterMs) return;',
		leave: '',
		test: {file: idTokens, title: 'a token by a key that is not known has the keys fetched again, and at most every 30 s'},
	},
	{
		threat: 'An issuer that answers without end',
		file: 'src/auth/issuerDocument.ts',
		take: 'await readAtMost(body, limits.bytes)',
		leave: 'await readAtMost(body, Infinity)',
		test: {file: idTokens, title: 'an issuer that answers badly (…) vouches for nobody, and the log hears why'},
	},
	{
		threat: 'An issuer that says it is another one',
		file: 'src/auth/issuerKeys.ts',
		take: 'if (read.data.issuer !== issuer) throw new DocumentUnusable(`${url} is of another issuer`);',
		leave: '',
		test: {file: idTokens, title: 'an issuer that answers badly (…) vouches for nobody, and the log hears why'},
	},
	{
		threat: 'Keys that lie where anybody can change them',
		file: 'src/config/issuers.ts',
		take: "return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackName(url.hostname));",
		leave: 'return true;',
		test: {file: 'test/unit/issuersPolicy.test.ts', title: 'what would let anybody vouch is a problem of the policy, each with its line'},
	},
	{
		threat: "A cluster's credential sent where an issuer points to",
		file: 'src/auth/issuerKeys.ts',
		take: 'const isMeant = jwks !== undefined || new URL(url).origin === new URL(issuer).origin;',
		leave: 'const isMeant = true;',
		test: {file: idTokens, title: 'our credential does not follow where an issuer points to'},
	},
	{
		threat: 'A token of ours that was made by somebody else',
		file: 'src/auth/sessionTokens.ts',
		take: 'const {payload, protectedHeader} = await jwtVerify(text, ({kid}) => secretOf(keys(), kid), {',
		leave:
			"const payload = JSON.parse(Buffer.from(text.split('.')[1], 'base64url').toString());\n\t\t\tconst protectedHeader = decodeProtectedHeader(text);\n\t\t\tvoid ({",
		test: {
			file: sessions,
			title: 'what was signed otherwise is refused: no algorithm, another one, another header, other contents',
		},
	},
	{
		threat: 'A refresh token as an access token, and back',
		file: 'src/auth/sessionTokens.ts',
		take: "if (session.kind !== kind) return {refused: 'the token is for something else'};",
		leave: '',
		test: {file: sessions, title: 'no kind of token passes for another, seen before or not'},
	},
	{
		threat: 'A token after its end',
		file: 'src/auth/sessionTokens.ts',
		take: 'if (session.expiresAt.getTime() <= clock()) return {refused: expired};',
		leave: '',
		test: {file: sessions, title: 'a token holds until it expires, also one that was just seen'},
	},
	{
		threat: 'A token after its key went',
		file: 'src/auth/sessionTokens.ts',
		take: 'if (!keys().some(({id}) => id === session.keyId)) return {refused: unknownKey};',
		leave: '',
		test: {file: sessions, title: 'keys are rotated without a day on which tokens fail'},
	},
	{
		threat: 'A token after its credential was revoked',
		file: 'src/auth/sessionTokens.ts',
		take: "if (!identity) return {refused: 'what the token was issued for does not hold any more'};",
		leave: '',
		test: {file: sessions, title: 'a token falls with the credential that it was issued for'},
	},
	{
		threat: 'A static token after its revocation',
		file: 'src/auth/staticTokens.ts',
		take: 'revokedAt === undefined && (expiresAt === undefined',
		leave: '(expiresAt === undefined',
		test: {file: staticTokens, title: 'a revocation reaches a server within 30 s, also for what was issued before'},
	},
	{
		threat: 'Whoever reads the bucket logs in with what is there',
		file: 'src/auth/staticTokens.ts',
		take: "secretHash: secretHashOf(secret).toString('hex'),",
		leave: "secretHash: Buffer.from(secret, 'base64url').toString('hex'),",
		test: {file: staticTokens, title: 'the store has nothing that one could log in with'},
	},
	{
		threat: 'Names that are found out by how long a refusal takes',
		file: 'src/auth/users.ts',
		take: 'const hash = users.get(name) ?? decoy(users, key, name);',
		leave: 'const hash = users.get(name);',
		test: {file: users, title: 'a wrong password and a name that nobody has are refused in the same words, for the same work'},
	},
	{
		threat: 'Passwords that are tried faster than they can be checked',
		file: 'src/auth/users.ts',
		take: 'const turn = await turns.borrow(1, {name: networkOf(from), isRefusable: true});',
		leave: 'const turn = {release: () => from};',
		test: {file: users, title: 'log-ins that come faster than they can be tried are refused for a time, and not those from elsewhere'},
	},
	{
		threat: 'A user who was removed, and is remembered',
		file: 'src/auth/users.ts',
		take: '.update(JSON.stringify([name, password, hash.text]))',
		leave: '.update(JSON.stringify([name, password]))',
		test: {file: users, title: 'a changed or removed user is not known by what was remembered'},
	},
	{
		threat: 'Hashes of passwords that are quick to try',
		file: 'src/auth/passwordHashes.ts',
		take: 'if (!parse) throw new HashRefused(whyNot(text));',
		leave: 'if (!parse) return {text, matches: async () => false};',
		test: {
			file: 'test/unit/passwordHashes.test.ts',
			title: 'a hash that is quick to try, too slow or broken is refused, and not repeated: …',
		},
	},
];
