/** Where the pages are. Names and tags are escaped, whatever they are. */

export const paths = {
	overview: '/ui',
	repositories: '/ui/repositories',
	repository: (repo: string) => `/ui/repositories/${segments(repo)}`,
	ref: (repo: string, tag: string) => `/ui/refs/${segments(repo)}:${encodeURIComponent(tag)}`,
	usage: '/ui/usage',
	retention: '/ui/retention',
	prune: '/ui/prune',
	job: (id: string) => `/ui/jobs/${encodeURIComponent(id)}`,
	signIn: '/ui/sign-in',
	signOut: '/ui/sign-out',
	/** The files of one version are never changed, so that a browser may keep them. */
	asset: (version: string, name: string) => `/ui/assets/${encodeURIComponent(version)}/${name}`,
};

const segments = (name: string) => name.split('/').map(encodeURIComponent).join('/');
