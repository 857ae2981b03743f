/** What the admin API, and the dashboard, say no with. */
import type {ApiErrorCode} from '../operations/routes.ts';

export class ApiRefusal extends Error {
	override readonly name = 'ApiRefusal';
	readonly code: ApiErrorCode;
	readonly advice?: string;
	readonly headers: Readonly<Record<string, string>>;
	constructor(code: ApiErrorCode, message: string, advice?: string, headers: Readonly<Record<string, string>> = {}) {
		super(message);
		this.code = code;
		this.advice = advice;
		this.headers = headers;
	}
}
