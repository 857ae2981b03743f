/** Long random secrets, known by their hashes. Those of 256 random bits need no slow hash: nobody guesses them. */
import {createHash, timingSafeEqual} from 'node:crypto';

export const secretHashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether this is the secret of that hash. Takes as long whatever the two have in common, and however long they are. */
export const hasSecretHash = (text: string, hash: Buffer): boolean => timingSafeEqual(secretHashOf(text), hash);
