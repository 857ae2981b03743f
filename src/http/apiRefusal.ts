/** What the admin API, and the dashboard, say no with. */
import type {Identity} from '../auth/identity.ts';
import type {ApiErrorCode} from '../operations/routes.ts';

export class ApiRefusal extends Error {
	override readonly name = 'ApiRefusal';
	readonly code: ApiErrorCode;
	readonly advice?: string;
	readonly headers: Readonly<Record<string, string>>;
	/** Who was refused, where that is known. */
	readonly identity?: Identity;
	constructor(code: ApiErrorCode, message: string, advice?: string, headers: Readonly<Record<string, string>> = {}, identity?: Identity) {
		super(message);
		this.code = code;
		this.advice = advice;
		this.headers = headers;
		this.identity = identity;
	}
}
