/** What the exit codes of the command line mean. Scripts rely on them. */

export const exitCodes = {
	ok: {code: 0, meaning: 'it is done, and nothing is wrong'},
	no: {code: 1, meaning: 'problems were found, nobody agreed to a deletion, or what was asked is refused: the message says which'},
	usage: {code: 2, meaning: 'the command line, or a file that it names, is not what the command takes'},
	unreachable: {code: 3, meaning: 'the store or the server cannot be reached, or the settings for it cannot be used'},
	access: {code: 4, meaning: 'the server wants a token, or another one'},
	interrupted: {code: 130, meaning: 'it was interrupted'},
} as const;

export type Outcome = keyof typeof exitCodes;

/** What ends a command early, and with which code. `advice` says what to do. */
export class CommandFailed extends Error {
	override readonly name = 'CommandFailed';
	readonly outcome: Outcome;
	readonly advice?: string;
	constructor(outcome: Outcome, message: string, advice?: string) {
		super(message);
		this.outcome = outcome;
		this.advice = advice;
	}
}
