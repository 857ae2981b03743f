/** What is written down of who did what: each decision, whether it was allowed, and why. */

/**
 * Every text may be what a client sent: what becomes a line is bounded, printable ASCII, and free of whatever looks like a secret.
 */
export type AuditEvent = {
	/** The kind of an endpoint (`blob.get`), `token`, `signIn`, `admin:<operation>`. */
	what: string;
	/** Name of the identity; `anonymous` where nobody has proven to be anybody. */
	who: string;
	/** The address; `local` of a command on the store itself. */
	from: string;
	on?: {repo?: string; tag?: string; digest?: string};
	allowed: boolean;
	/** The rule that allowed it or what is missing, as a sentence. */
	why: string;
	/** Of the answer, where it is known by then. */
	status?: number;
	/** What an operation was given, as `name=value` with blanks between them; never a secret. */
	input?: string;
	/** The name that somebody gave who could not prove it. It may be a password in the wrong field: only its beginning is kept. */
	claimed?: string;
	requestId: string;
};

export type Audit = {
	/** Costs about a microsecond, never throws and never waits. */
	record(event: AuditEvent): void;
	/** Reopens its file, which was moved away. */
	reopen(): void;
	/** Writes down the rest; resolves when that is done, or could not be. */
	stop(): Promise<void>;
};

/** Where nothing is written down. */
export const noAudit: Audit = {
	record: () => undefined,
	reopen: () => undefined,
	stop: async () => undefined,
};
