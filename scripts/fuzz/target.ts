/** The registry that is attacked: its settings, what is planted in it, and the credentials that the fuzzers have. */
import {env} from 'node:process';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {hiddenTag, newSecret, repositories, secretConfig, secretLayer, secretManifest} from './world.ts';

export type Target = {
	environment: Record<string, string>;
	/** Fills the vault, and logs in: answers what the fuzzers may put into Authorization. */
	plant(url: string): Promise<(string | undefined)[]>;
	remove(): Promise<void>;
};

export const prepareTarget = async (): Promise<Target> => {
	const adminToken = newSecret();
	return {
		environment: {PATH: env.PATH ?? '', LAYERCACHE_ADMIN_TOKEN: adminToken},
		async plant(url) {
			for (const repo of [...repositories.vault, ...repositories.hidden]) {
				for (const bytes of [secretLayer, secretConfig]) {
					await put(`${url}/v2/${repo}/blobs/uploads/?digest=${digestOf(bytes)}`, 'POST', bytes, adminToken);
				}
				for (const tag of ['main', hiddenTag]) await put(`${url}/v2/${repo}/manifests/${tag}`, 'PUT', secretManifest, adminToken);
			}
			return [undefined];
		},
		remove: async () => undefined,
	};
};

const put = async (url: string, method: string, body: Buffer, token: string) => {
	const headers = {Authorization: `Bearer ${token}`, 'Content-Type': mediaTypes.ociManifest};
	const {status} = await fetch(url, {method, headers, body});
	if (status !== 201) throw new Error(`planting ${url}: ${status}`);
};
