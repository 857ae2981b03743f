/** A registry some of whose repositories nobody can write to. */
import type {RepositoryName} from 'oci-spec-types';
import type {Registry} from '../registry/registry.ts';

/** `refusal` answers what a write to this repository ends with; undefined where it may go on. */
export const withReadOnlyRepositories = (inner: Registry, refusal: (repo: RepositoryName) => Error | undefined): Registry => {
	const guarded =
		<Rest extends unknown[], Answer>(act: (repo: RepositoryName, ...rest: Rest) => Promise<Answer>) =>
		async (repo: RepositoryName, ...rest: Rest): Promise<Answer> => {
			const error = refusal(repo);
			if (error) throw error;
			return act(repo, ...rest);
		};
	return {
		...inner,
		putBlob: guarded(inner.putBlob),
		mountBlob: guarded(inner.mountBlob),
		deleteBlob: guarded(inner.deleteBlob),
		startUpload: guarded(inner.startUpload),
		locateUpload: guarded(inner.locateUpload),
		appendUpload: guarded(inner.appendUpload),
		finishUpload: guarded(inner.finishUpload),
		putManifest: guarded(inner.putManifest),
		deleteManifest: guarded(inner.deleteManifest),
		deleteTag: guarded(inner.deleteTag),
	};
};
