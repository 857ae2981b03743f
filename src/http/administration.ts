/** What an administrator reaches over HTTP: the admin API and the dashboard, with one gate before both. */

import type {Audit} from '../audit/audit.ts';
import type {SessionTokens} from '../auth/sessionTokens.ts';
import type {Jobs} from '../operations/jobs.ts';
import {createOpenApi} from '../operations/openApi.ts';
import type {Operations} from '../operations/operations.ts';
import type {AdminAccess} from './adminAccess.ts';
import {type Api, createApi} from './api.ts';
import {createSessions} from './dashboard/session.ts';
import {createDashboard, type Dashboard} from './dashboard.ts';

export type HttpAdministrationOptions = {
	operations: Operations;
	jobs: Jobs;
	access: AdminAccess;
	sessions: Pick<SessionTokens, 'issueSignIn' | 'verify'>;
	audit: Audit;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	version: string;
};

export type HttpAdministration = {api: Api; dashboard: Dashboard};

export const createHttpAdministration = ({
	operations,
	jobs,
	access,
	sessions: tokens,
	audit,
	clock,
	elapsed,
	version,
}: HttpAdministrationOptions): HttpAdministration => {
	const sessions = access.asksForCredentials ? createSessions(tokens) : undefined;
	return {
		api: createApi({operations, jobs, access, openApi: createOpenApi(version)}),
		dashboard: createDashboard({operations, jobs, access, sessions, audit, clock, elapsed, version}),
	};
};
