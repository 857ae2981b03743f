/** What is scarce in one process, and is lent to requests: places for bodies that come and answers that go, memory for manifests. */
import {OciError, type OciRequest} from 'oci-spec-types';
import {createLender, type Lender, type LenderObserver, TooManyWait} from '../lib/lender.ts';
import type {SpeedOptions} from '../lib/speed.ts';

export type Room = {
	/** Requests that are worked on, bodies and streamed answers aside. */
	requests: Lender;
	/** Bodies of blobs that have begun to come. */
	uploads: Lender;
	/** Bytes of manifests that come. */
	manifests: Lender;
	/** Answers that are streamed. */
	downloads: Lender;
};

export type RoomOptions = {
	requests: number;
	uploads: number;
	downloads: number;
	/** Who hears of what is lent of each. */
	observerOf?: (what: keyof Room) => LenderObserver;
};

export const createRoom = ({requests, uploads, downloads, observerOf}: RoomOptions): Room => ({
	requests: createLender({total: requests, waitingPerName: mostWaiting, observer: observerOf?.('requests')}),
	uploads: createLender({total: uploads, observer: observerOf?.('uploads')}),
	manifests: createLender({total: manifestBytes, observer: observerOf?.('manifests')}),
	downloads: createLender({total: downloads, observer: observerOf?.('downloads')}),
});

const MiB = 1024 * 1024;
const manifestBytes = 32 * MiB;
const mostWaiting = 1000;

/** Who is slower than this gives way while others wait. */
export const slowBlob: SpeedOptions = {windowMs: 10_000, leastPerSecond: 16 * 1024};
/** Whoever sends a manifest has all of it. */
export const slowManifest: SpeedOptions = {windowMs: 2000, leastPerSecond: 64 * 1024};

/** Waits until a request may be worked on. Those that bring a body wait for room for that instead. Throws UNAVAILABLE. */
export const takeTurn = async (requests: Lender, kind: OciRequest['kind'], tenant: string): Promise<Turn> => {
	if (bringsBody(kind)) return noTurn;
	try {
		return await requests.borrow(1, {name: tenant, isRefusable: isRepeated(kind)});
	} catch (error) {
		throw error instanceof TooManyWait ? tooMany(tenant) : error;
	}
};

/** Whether a body belongs to such a request; what comes with any other is not read. */
export const bringsBody = (kind: OciRequest['kind']): boolean => bodies.has(kind);

const bodies: ReadonlySet<OciRequest['kind']> = new Set(['upload.whole', 'upload.append', 'upload.finish', 'manifest.put']);

export type Turn = {release(): void};
const noTurn: Turn = {release: () => undefined};

/** BuildKit comes again after 1, 2 and 4 seconds with what belongs to a layer, and with nothing else. */
const isRepeated = (kind: OciRequest['kind']) => kind.startsWith('blob.') || kind.startsWith('upload.');

const tooMany = (tenant: string) =>
	new OciError('UNAVAILABLE', undefined, {
		message: `${mostWaiting} requests of ${tenant} wait already`,
		headers: {'Retry-After': '1'},
	});
