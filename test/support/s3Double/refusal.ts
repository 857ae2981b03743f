/** What S3 says no with. */
export class S3Refusal extends Error {
	override readonly name = 'S3Refusal';
	readonly status: number;
	readonly code: string;
	readonly headers: Readonly<Record<string, string>>;
	constructor(status: number, code: string, message: string = code, headers: Readonly<Record<string, string>> = {}) {
		super(message);
		this.status = status;
		this.code = code;
		this.headers = headers;
	}
}
