/** The keys that sign session tokens: the newest signs, all of them verify. Never in the store, whose URLs builders hold. */
import {createHash} from 'node:crypto';
import {openWatchedFiles, type WatchedFiles, type WatchedFilesOptions} from '../lib/watchedFiles.ts';

/** `id` is the `kid` of what it signs. */
export type SigningKey = {readonly id: string; readonly secret: Uint8Array};
/** Newest first. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** One key a line, or with commas between them; lines that begin with `#` are comments. `path` is where they are from. Throws SigningKeysInvalid. */
export const parseSigningKeys = (text: string, path?: string): SigningKeys => {
	const keys = new Map<string, SigningKey>();
	for (const [index, line] of text.split('\n').entries()) {
		for (const key of line.startsWith('#') ? [] : line.split(',')) {
			if (key.trim() === '') continue;
			const parsed = parseSigningKey(key.trim(), index + 1, path);
			keys.set(parsed.id, parsed);
		}
	}
	const [first, ...others] = keys.values();
	if (!first) throw new SigningKeysInvalid('there is no key', path);
	return [first, ...others];
};

/** One that nobody else has. `bytes` draws so many at random. */
export const drawSigningKeys = (bytes: (count: number) => Buffer): SigningKeys => [signingKeyOf(Buffer.from(bytes(32).toString('hex')))];

export type SigningKeysObserver = {
	onLoaded(keys: SigningKeys, texts: readonly string[]): void;
	/** The keys before it stay in use. */
	onRefused(error: SigningKeysInvalid): void;
};

/** Throws SigningKeysInvalid, also where the file cannot be read. */
export const openSigningKeys = (
	path: string,
	{onLoaded, onRefused, lastGood, timing}: SigningKeysObserver & Pick<WatchedFilesOptions<unknown, never>, 'lastGood' | 'timing'>,
): Promise<WatchedFiles<SigningKeys>> =>
	openWatchedFiles<SigningKeys, SigningKeysInvalid>([path], {
		parse: ([text = '']) => parseSigningKeys(text, path),
		unreadable: (_, reason) => new SigningKeysInvalid(`the file cannot be read: ${reason}`, path),
		isRefusal: error => error instanceof SigningKeysInvalid,
		...{onLoaded, onRefused, lastGood, timing},
	});

/** Says what to do, and never what stands there. */
export class SigningKeysInvalid extends Error {
	override readonly name = 'SigningKeysInvalid';
	constructor(problem: string, path?: string) {
		super(path ? `the keys in ${path} cannot be used: ${problem}` : `the keys cannot be used: ${problem}`);
	}
}

const leastCharacters = 32;

const parseSigningKey = (text: string, line: number, path: string | undefined): SigningKey => {
	if (!/^[\x21-\x7e]+$/.test(text)) throw new SigningKeysInvalid(`the key in line ${line} is not printable ASCII`, path);
	if (text.length >= leastCharacters) return signingKeyOf(Buffer.from(text));
	throw new SigningKeysInvalid(
		`the key in line ${line} has ${text.length} characters, and needs ${leastCharacters}: openssl rand -hex 32 prints one`,
		path,
	);
};

const signingKeyOf = (secret: Uint8Array): SigningKey => ({
	id: createHash('sha256').update(secret).digest('hex').slice(0, 8),
	secret,
});
