/** Chance that can be repeated: `E2E_SEED` brings a failed run back. */
import {createHash} from 'node:crypto';
import {env} from 'node:process';

export interface Random {
	readonly seed: string;
	/** From 0 up to, not including, 1. */
	fraction(): number;
	bytes(length: number): Buffer;
}

export const createRandom = (seed = env.E2E_SEED ?? String(Date.now())): Random => {
	let drawn = 0;
	const draw = () => createHash('sha256').update(`${seed}/${drawn++}`).digest();
	return {
		seed,
		fraction: () => draw().readUInt32BE() / 2 ** 32,
		// The same drawn key over and over, for speed, with a counter so that no two blocks are alike.
		bytes(length) {
			const key = draw();
			const bytes = Buffer.alloc(length, key);
			for (let offset = 0; offset + 4 <= length; offset += key.length) bytes.writeUInt32BE(offset, offset);
			return bytes;
		},
	};
};
