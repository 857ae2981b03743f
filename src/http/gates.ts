/** What stands before everything that is asked over HTTP: who asks, and whether they may. */
import type {Audit} from '../audit/audit.ts';
import type {RightsOf} from '../auth/rights.ts';
import type {SessionTokens} from '../auth/sessionTokens.ts';
import type {Settings} from '../config/settings.ts';
import {type AdminAccess, createAdminAccess} from './adminAccess.ts';
import {type Authenticate, createIdentify} from './authentication.ts';
import {type Admit, createAdmit} from './authorization.ts';
import {type AssertMayReadMetrics, createMetricsAccess} from './metricsAccess.ts';
import {createTokenEndpoint, type TokenEndpoint} from './tokenEndpoint.ts';

export type Gates = {
	/** To the registry. */
	admit: Admit;
	/** To tokens for it; missing where nobody has to be anybody. */
	tokens: TokenEndpoint | undefined;
	/** To the admin API, the dashboard and explanations. */
	access: AdminAccess;
	assertMayReadMetrics: AssertMayReadMetrics;
};

export type GatesOptions = {
	isOpen: boolean;
	authenticate: Authenticate;
	sessions: SessionTokens;
	rightsOf: RightsOf;
	audit: Audit;
	settings: Pick<Settings, 'adminToken' | 'metricsToken'>;
};

export const createGates = ({isOpen, authenticate, sessions, rightsOf, audit, settings}: GatesOptions): Gates => {
	const identify = createIdentify({authenticate, sessions});
	const access = createAdminAccess({
		...{isOpen, authenticate, identify, rightsOf, audit},
		asksForCredentials: !isOpen || settings.adminToken !== undefined,
	});
	return {
		admit: createAdmit({identify, rightsOf, isOpen}),
		tokens: isOpen ? undefined : createTokenEndpoint({authenticate, sessions, rightsOf, audit}),
		access,
		assertMayReadMetrics: createMetricsAccess({token: settings.metricsToken, isOpen, access}),
	};
};
