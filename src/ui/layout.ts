/** What every page has around it: head, navigation, foot; and the parts that many pages share. */
import {momentOf} from './format.ts';
import {type Content, formatHtml, type Html, html} from './html.ts';
import {paths} from './paths.ts';

export type Page = {title: string; section?: Section; main: Html};

/** What the whole dashboard has in common. */
export type Frame = {
	version: string;
	/** Where the style and the scripts are; see paths.asset. */
	assets: {style: string; script: string; plotStyle: string; plotScript: string};
	/** Whether there is a session that can be ended. */
	signedIn: boolean;
	/** Whether the navigation leads anywhere: not before signing in. */
	navigates: boolean;
};

export type Section = 'overview' | 'repositories' | 'usage' | 'retention' | 'prune';

export const formatPage = ({title, section, main}: Page, {version, assets, signedIn, navigates}: Frame): string =>
	`<!doctype html>\n${formatHtml(html`<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · layercache</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets.plotStyle}">
<link rel="stylesheet" href="${assets.style}">
<script defer src="${assets.plotScript}"></script>
<script defer src="${assets.script}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="bounds">
<a class="name" href="${paths.overview}"><svg viewBox="0 0 20 20" aria-hidden="true"><path class="layer-3" d="M2 13l8 4 8-4"/><path class="layer-2" d="M2 10l8 4 8-4"/><path class="layer-1" d="M10 3l8 4-8 4-8-4z"/></svg>layercache</a>
${navigates && html`<nav aria-label="Pages"><ul>${sections.map(({name, path, text}) => html`<li><a href="${path}"${name === section && html` aria-current="page"`}>${text}</a></li>`)}</ul></nav>`}
${signedIn && html`<form class="leave" method="post" action="${paths.signOut}"><button class="quiet">Sign out</button></form>`}
</div></header>
<main id="main" class="bounds">
${main}
</main>
<footer class="bounds">layercache ${version}. Times are UTC, bytes are counted in powers of 1024.</footer>
</body>
</html>
`)}`;

const sections: readonly {name: Section; path: string; text: string}[] = [
	{name: 'overview', path: paths.overview, text: 'Overview'},
	{name: 'repositories', path: paths.repositories, text: 'Repositories'},
	{name: 'usage', path: paths.usage, text: 'Usage'},
	{name: 'retention', path: paths.retention, text: 'Retention'},
	{name: 'prune', path: paths.prune, text: 'Prune'},
];

/** The page's name, and of when it tells. */
export const heading = (title: Content, asOf: string | undefined, now: Date): Html =>
	html`<div class="heading"><h1>${title}</h1>${asOf !== undefined && html`<p class="as-of">looked at ${momentOf(asOf, now)}</p>`}</div>`;

export type Figure = {name: string; value: Html; note?: Content};

/** A few numbers that matter, large. */
export const figures = (all: readonly Figure[]): Html =>
	html`<dl class="figures">${all.map(({name, value, note}) => html`<div class="card"><dt>${name}</dt><dd class="value">${value}</dd>${note !== undefined && html`<dd class="note">${note}</dd>`}</div>`)}</dl>`;

export type Card = {title: string; about?: Content; more?: {path: string; text: string}; body: Content};

export const card = ({title, about, more, body}: Card): Html =>
	html`<section class="card"><header><h2>${title}</h2>${more && html`<a class="more" href="${more.path}">${more.text}</a>`}</header>${about !== undefined && html`<p class="about">${about}</p>`}${body}</section>`;

export const empty = (text: Content): Html => html`<p class="empty">${text}</p>`;

export const badge = (text: string, tone: 'calm' | 'warn' | 'bad' = 'calm'): Html => html`<span class="badge ${tone}">${text}</span>`;

/** Lines to paste. */
export const pasteable = (lines: string): Html => html`<pre class="paste" tabindex="0">${lines}</pre>`;
