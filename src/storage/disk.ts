/** The store of a single machine: a folder. An object appears by one rename, after its bytes are on the disk. */
import {randomUUID} from 'node:crypto';
import {join, resolve} from 'node:path';
import {Readable} from 'node:stream';
import {resolveRange} from 'oci-spec-types';
import {withExactLength} from '../lib/exactLength.ts';
import {mapInOrder} from '../lib/mapInOrder.ts';
import {spend} from '../lib/spent.ts';
import {onDisk, onDiskEach, orAbsent} from './disk/diskErrors.ts';
import {assertRoom, type DiskRoom, readDiskRoom} from './disk/diskRoom.ts';
import {createFolders} from './disk/folders.ts';
import {createIncoming, type IncomingFile} from './disk/incoming.ts';
import {createLocks} from './disk/locks.ts';
import {formFor, headerBytes, headerOf, openObject, statForm, statObject} from './disk/objectFiles.ts';
import {fileOf} from './disk/paths.ts';
import {createPlaces} from './disk/places.ts';
import {type FoundObject, walk} from './disk/walk.ts';
import {
	type Bytes,
	type ListEntry,
	ObjectMissing,
	type ObjectStore,
	octetStream,
	RangeUnsatisfiable,
	type WriteOptions,
} from './objectStore.ts';
import {probeFolder, proveConditions, proveCutUpload, proveExpiringRemoval} from './probe.ts';

/** `room` tells how much there is, where it is not the disk that says so. */
export const createDiskStore = ({path, room}: {path: string; room?: () => Promise<DiskRoom>}): ObjectStore => {
	const root = resolve(path);
	const roomNow = room ?? (() => readDiskRoom(root));
	const folders = createFolders(root);
	const locks = createLocks(join(root, 'locks'));
	const incoming = createIncoming(join(root, 'incoming'), folders);
	const places = createPlaces(join(root, 'objects'), folders, locks);
	const guarded = <T>(work: () => Promise<T>) => onDisk(root, work);

	/** Begins a file, fills it and makes it the object. Only `fill` may meet failures that are not the disk's. */
	const store = async (
		key: string,
		options: WriteOptions,
		begin: () => Promise<IncomingFile>,
		fill?: (file: IncomingFile) => Promise<void>,
	) => {
		const file = await guarded(begin);
		try {
			await fill?.(file);
			await guarded(() => file.seal());
			return await guarded(() => places.publish(key, file.path, options));
		} finally {
			await file.discard().catch(() => undefined);
		}
	};

	const storeBytes = (key: string, options: WriteOptions, bytes: Bytes, isGiven = false) => {
		const {contentType = octetStream} = options;
		const fill = async (file: IncomingFile) => {
			if (formFor(contentType) === 'typed') await guarded(() => file.append(headerOf(contentType)));
			await appendAll(file, bytes, isGiven);
		};
		return store(key, options, () => incoming.begin(key), fill);
	};

	const appendAll = async (file: IncomingFile, bytes: Bytes, isGiven: boolean) => {
		for await (const chunk of bytes) {
			await guarded(() => file.append(chunk));
			if (isGiven) spend(chunk);
		}
	};

	const opened = async (key: string) => {
		const object = await guarded(() => openObject(places.pathOf(key)));
		if (!object) throw new ObjectMissing(key);
		return object;
	};

	const formOf = async (key: string) => {
		const {handle, form} = await opened(key);
		await handle.close();
		return form;
	};

	/** The other object may have gone since it was looked at. */
	const beginWith = async (key: string, begun: Promise<IncomingFile>) => {
		const file = await orAbsent(begun);
		if (!file) throw new ObjectMissing(key);
		return file;
	};

	const contentOf = async function* (keys: readonly string[]): Bytes {
		for (const key of keys) {
			const {handle, form} = await opened(key);
			yield* onDiskEach<Uint8Array>(root, handle.createReadStream({start: headerBytes[form], highWaterMark: copyChunkBytes}));
		}
	};

	const listEntry = async (found: FoundObject | {prefix: string}): Promise<ListEntry | undefined> => {
		if ('prefix' in found) return found;
		const facts = await statForm(found.path, found.form);
		return facts && {key: found.key, ...facts};
	};

	const disk: ObjectStore = {
		async stat(key) {
			const facts = await guarded(() => statObject(places.pathOf(key)));
			return facts && {key, ...facts, answeredAt: new Date()};
		},

		async read(key, range) {
			const object = await guarded(() => openObject(places.pathOf(key)));
			if (!object) return undefined;
			const {handle, form, facts} = object;
			const part = range && resolveRange(range, facts.size);
			const {start, end} = part ?? {start: 0, end: facts.size - 1};
			if (end < start || (range && !part)) await handle.close();
			if (range && !part) throw new RangeUnsatisfiable(key, facts.size);
			const at = headerBytes[form];
			const body =
				end < start ? Readable.from([]) : handle.createReadStream({start: at + start, end: at + end, highWaterMark: readChunkBytes});
			return {facts: {key, ...facts, answeredAt: new Date()}, ...(part && {range: part}), body};
		},

		async write(key, bytes, options = {}) {
			return storeBytes(key, options, Readable.from([bytes]));
		},

		async upload(key, body, {size, sha256: _, isGiven, ...options} = {}) {
			await folders.ensure(root);
			assertRoom(root, await roomNow(), size ?? 0);
			return storeBytes(key, options, withExactLength(body, size), isGiven);
		},

		async copy(from, to) {
			const {handle, form, facts} = await opened(from);
			await handle.close();
			const file = fileOf(places.pathOf(from), form);
			return store(to, {contentType: facts.contentType}, () => beginWith(from, incoming.beginAsCopy(to, file)));
		},

		async *list(prefix, {limit = Number.POSITIVE_INFINITY, ...options} = {}) {
			let left = limit;
			if (left <= 0) return;
			const entries = mapInOrder(walk(places.root, prefix, options), Math.min(limit, statsUnderWay), listEntry);
			for await (const entry of onDiskEach(root, entries)) {
				if (!entry) continue;
				yield entry;
				left -= 1;
				if (left <= 0) return;
			}
		},

		remove: keys => guarded(() => places.remove(keys)),

		async presign() {
			return undefined;
		},

		removeUntil: (key, until) => guarded(() => places.removeUntil(key, until)),

		async compose(parts, to, options = {}) {
			const [first, ...rest] = parts.map(({key}) => key);
			const form = first === undefined ? undefined : await formOf(first);
			if (first === undefined || form !== 'bytes' || formFor(options.contentType ?? octetStream) !== 'bytes')
				return storeBytes(to, options, contentOf(parts.map(({key}) => key)), true);
			const file = fileOf(places.pathOf(first), form);
			if (rest.length === 0) return store(to, options, () => beginWith(first, incoming.beginAsLink(to, file)));
			const begin = () => beginWith(first, incoming.beginAsCopy(to, file));
			return store(to, options, begin, copy => appendAll(copy, contentOf(rest), true));
		},

		joinsInside: sizes => sizes.length === 1,

		abandonedUploads: olderThan => onDiskEach(root, incoming.abandoned(olderThan)),

		async now() {
			return new Date();
		},

		async probe() {
			const folder = `${probeFolder}${randomUUID()}`;
			const keys = ['conditions', 'cut', 'expiring'].map(name => `${folder}/${name}`);
			const [conditions = '', cut = '', expiring = ''] = keys;
			try {
				await proveConditions(disk, conditions);
				await proveCutUpload(disk, cut);
				await proveExpiringRemoval(disk, expiring);
			} finally {
				await disk.remove(keys).catch(() => undefined);
			}
			return {presignedGet: false, warnings: []};
		},

		probeUploads: async () => ({redirect: false, reason: 'a disk store has no URLs'}),

		async close() {
			locks.close();
		},
	};
	return disk;
};

const readChunkBytes = 256 * 1024;
const copyChunkBytes = 1024 * 1024;
const statsUnderWay = 32;
