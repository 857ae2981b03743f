/** Every threat of docs/security.md with its defence taken out. `npm run mutations` sees each test fail; a quick test sees that the table is whole. */

import {contentMutations} from './content.ts';
import {httpMutations} from './http.ts';
import {identityMutations} from './identity.ts';
import type {Mutation} from './mutation.ts';
import {rightsMutations} from './rights.ts';
import {upstreamMutations} from './upstreams.ts';
import {wireMutations} from './wire.ts';

export const mutations: readonly Mutation[] = [
	...wireMutations,
	...contentMutations,
	...identityMutations,
	...rightsMutations,
	...httpMutations,
	...upstreamMutations,
];
