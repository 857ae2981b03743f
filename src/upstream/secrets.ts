/** What must not be told: what was sent as credentials, should an upstream say it back. */
import {LRUCache} from 'lru-cache';

export type Secrets = {
	/** This is one from now on. */
	add(secret: string): void;
	/** The same text without any of them, in whatever case they stand there. */
	redact(text: string): string;
};

export const createSecrets = (): Secrets => {
	const known = new LRUCache<string, RegExp>({max: keptSecrets});
	return {
		add(secret) {
			// What is too short to be a secret would make holes in every word.
			if (secret.length >= shortestSecret && !known.get(secret)) known.set(secret, new RegExp(RegExp.escape(secret), 'gi'));
		},

		redact(text) {
			let clean = text;
			for (const pattern of known.values()) clean = clean.replace(pattern, '…');
			return clean;
		},
	};
};

const shortestSecret = 4;
const keptSecrets = 2000;
