/** What checks credentials, over nothing but an administrator's token. */
import {createCredentials} from '../../src/auth/credentials.ts';
import {createIdTokens} from '../../src/auth/idTokens.ts';
import {createKnownTokens} from '../../src/auth/knownTokens.ts';
import {createRights} from '../../src/auth/rights.ts';
import {createSessionTokens} from '../../src/auth/sessionTokens.ts';
import {parseSigningKeys} from '../../src/auth/signingKeys.ts';
import {noPolicy} from '../../src/config/policy.ts';
import {createIdentify} from '../../src/http/authentication.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';

export type TestAuthenticationOptions = {
	administratorToken?: string | undefined;
	/** Milliseconds since 1970. */
	clock: () => number;
	signingKey?: string;
};

const hourMs = 3_600_000;

export const createTestAuthentication = ({administratorToken, clock, signingKey = 'k'.repeat(32)}: TestAuthenticationOptions) => {
	const credentials = createCredentials({
		tokens: createKnownTokens(createMemoryStore(), {clock, elapsed: clock}),
		idTokens: createIdTokens({issuers: () => ({}), clock, elapsed: clock, onProblem: () => undefined}),
		...{administratorToken, renewableForMs: hourMs, clock},
	});
	const sessions = createSessionTokens({
		keys: () => parseSigningKeys(signingKey),
		...{clock, accessLifeMs: hourMs, signInLifeMs: 12 * hourMs, stands: credentials.stands, neededClaims: () => new Set<string>()},
	});
	return {
		...{authenticate: credentials.authenticate, sessions, isOpen: true},
		identify: createIdentify({authenticate: credentials.authenticate, sessions}),
		rightsOf: createRights({policy: () => noPolicy, isOpen: true}),
	};
};
