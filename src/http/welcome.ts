/** What a person sees at `/`, and on the terminal at the start: the lines to paste into a build. */
import {isLoopbackName} from '../lib/loopback.ts';
import type {Reply} from './reply.ts';

export const welcome = (url: URL, accept: string | undefined): Reply => {
	const lines = buildLines(url);
	if (!accept?.includes('text/html')) return {status: 200, headers: {'Content-Type': 'text/plain; charset=utf-8'}, body: `${lines}\n`};
	return {
		status: 200,
		headers: {
			'Content-Type': 'text/html; charset=utf-8',
			'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
			'X-Content-Type-Options': 'nosniff',
		},
		body: page(lines),
	};
};

/** The lines for a registry at `url`, as plain text. */
export const buildLines = (url: URL): string => {
	const ref = `${url.host}/ci/app:main`;
	const insecure = url.protocol === 'http:' && !isLoopbackName(url.hostname);
	return `layercache, a cache for BuildKit, is at ${url.origin}

Add these two lines to a build:

  docker buildx build \\
    --cache-to   type=registry,ref=${ref},mode=max \\
    --cache-from type=registry,ref=${ref} \\
    .

${insecure ? plainHttp(url.host) : ''}buildx's default builder runs in a container, where 127.0.0.1 is the container itself.
On Linux make one that shares the host's network:

  docker buildx create --use --name layercache --driver-opt network=host`;
};

const plainHttp = (host: string) => `It speaks plain HTTP here, so BuildKit has to be told in its buildkitd.toml:

  [registry."${host}"]
    http = true

`;

const page = (lines: string) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>layercache</title><meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:56rem;padding:0 1rem;color-scheme:light dark}pre{overflow-x:auto}</style></head>
<body><main><pre>${escapeHtml(lines)}</pre></main></body>
</html>
`;

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
