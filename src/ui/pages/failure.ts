/** What a person sees instead of a page that could not be made. */
import {html} from '../html.ts';
import type {Page} from '../layout.ts';
import {paths} from '../paths.ts';

export type Failure = {title: string; message: string; advice?: string | undefined; requestId: string};

export const failurePage = ({title, message, advice, requestId}: Failure): Page => ({
	title,
	main: html`<section class="card failure"><h1>${title}</h1>
<p>${message}</p>
${advice !== undefined && html`<p>${advice}</p>`}
<p class="about">The log of the server has this under the request id <code>${requestId}</code>.</p>
<p><a href="${paths.overview}">Overview</a></p></section>`,
});
