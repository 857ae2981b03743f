/** What must not be told: what was sent as credentials, should an upstream say it back. */
import {LRUCache} from 'lru-cache';

export const createSecrets = () => {
	const known = new LRUCache<string, true>({max: keptSecrets});
	const redact = (text: string): string => {
		let clean = text;
		for (const secret of known.keys()) clean = clean.replaceAll(secret, '…');
		return clean;
	};
	return {
		/** What is too short to be a secret would make holes in every word. */
		add: (secret: string): void => void (secret.length >= shortestSecret && known.set(secret, true)),
		/** The same texts without them. */
		redacted: <T extends Readonly<Record<string, string>>>(texts: T): T =>
			Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, redact(text)])) as T,
	};
};

const shortestSecret = 4;
const keptSecrets = 2000;
