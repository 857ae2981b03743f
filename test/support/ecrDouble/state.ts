/** What the parts of the double share. */
import type {EcrDouble} from '../ecrDouble.ts';
import type {Inner} from './inner.ts';
import type {Rates} from './rates.ts';

export type EcrState = {
	double: EcrDouble;
	inner: Inner;
	now: () => Date;
	/** Where the S3 is that has the layers, and where the registry itself. */
	storage: string;
	url: string;
	/** By the id of the upload. */
	sessions: Map<string, Session>;
	rates: Rates;
	mounts: boolean;
	createsOnPush: boolean;
	deletes: boolean;
};

/** An upload: its address behind, and how much its first chunk had; undefined before there is one. */
export type Session = {repo: string; location: string; firstChunk: number | undefined};
