/** The style and the scripts of the dashboard, under paths that change with what is in them. */
import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {z} from 'zod';
import type {Frame} from '../../ui/layout.ts';
import {paths} from '../../ui/paths.ts';
import type {Reply} from '../reply.ts';

export type Assets = {
	/** Where pages find them. */
	urls: Frame['assets'];
	/** Undefined where there is none of this path. */
	answer(path: string): Reply | undefined;
};

/** Reads them all. */
export const openAssets = async (): Promise<Assets> => {
	const [styles, script, plotVersion, plotStyle, plotScript] = await Promise.all([
		Promise.all(styleSheets.map(name => readFile(new URL(`${name}.css`, ours)))),
		readFile(new URL('dashboard.js', ours)),
		readFile(uplot('package.json'), 'utf8').then(text => packageJson.parse(JSON.parse(text)).version),
		readFile(uplot('dist/uPlot.min.css')),
		readFile(uplot('dist/uPlot.iife.min.js')),
	]);
	const files = new Map<string, {type: string; bytes: Buffer}>();
	const add = (version: string, name: string, type: string, bytes: Buffer) => {
		const path = paths.asset(version, name);
		files.set(path, {type, bytes});
		return path;
	};
	const style = Buffer.concat(styles);
	const plotFolder = `uplot-${plotVersion}`;
	return {
		urls: {
			style: add(hashOf(style), 'dashboard.css', css, style),
			script: add(hashOf(script), 'dashboard.js', javaScript, script),
			plotStyle: add(plotFolder, 'uPlot.min.css', css, plotStyle),
			plotScript: add(plotFolder, 'uPlot.iife.min.js', javaScript, plotScript),
		},
		answer(path) {
			const file = files.get(path);
			return file && {status: 200, headers: {'Content-Type': file.type, ...lasting}, body: file.bytes};
		},
	};
};

const ours = new URL('../../ui/assets/', import.meta.url);
const uplot = (file: string) => createRequire(import.meta.url).resolve(`uplot/${file}`);
const packageJson = z.object({version: z.string()});

// Later ones count where they say something else.
const styleSheets = ['theme', 'frame', 'cards', 'tables', 'plots', 'forms', 'narrow'] as const;

const css = 'text/css; charset=utf-8';
const javaScript = 'text/javascript; charset=utf-8';
const lasting = {'Cache-Control': 'public, max-age=31536000, immutable', 'X-Content-Type-Options': 'nosniff'};

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex').slice(0, 12);
