/** What an administrator reaches over HTTP: the admin API and the dashboard, with one gate before both. */
import type {Jobs} from '../operations/jobs.ts';
import {createOpenApi} from '../operations/openApi.ts';
import type {Operations} from '../operations/operations.ts';
import {createAdminAccess} from './adminAccess.ts';
import {type Api, createApi} from './api.ts';
import {createSessions} from './dashboard/session.ts';
import {createDashboard, type Dashboard} from './dashboard.ts';

export type HttpAdministrationOptions = {
	operations: Operations;
	jobs: Jobs;
	/** Without one only this machine is answered. */
	token: string | undefined;
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
	token,
	clock,
	elapsed,
	version,
}: HttpAdministrationOptions): HttpAdministration => {
	const access = createAdminAccess(token);
	const sessions = token === undefined ? undefined : createSessions(token, clock);
	return {
		api: createApi({operations, jobs, access, openApi: createOpenApi(version)}),
		dashboard: createDashboard({operations, jobs, access, sessions, clock, elapsed, version}),
	};
};
