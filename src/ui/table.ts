/** Tables that scroll by themselves where they are too wide, also for those who have only keys. */
import {type Content, type Html, html} from './html.ts';

export type Column = {
	head: string;
	/** Explains the head. */
	title?: string;
	isNumber?: boolean;
};

/** The first cell of a row is its head. */
export const table = (name: string, columns: readonly Column[], rows: readonly (readonly Content[])[]): Html =>
	html`<div class="scroll" role="region" aria-label="${name}" tabindex="0"><table>
<thead><tr>${columns.map(({head, title, isNumber}) => html`<th scope="col"${isNumber && html` class="number"`}${title && html` title="${title}"`}>${head}</th>`)}</tr></thead>
<tbody>${rows.map(
		cells => html`<tr>${cells.map((cell, index) =>
			index === 0 ? html`<th scope="row">${cell}</th>` : html`<td${columns[index]?.isNumber && html` class="number"`}>${cell}</td>`,
		)}</tr>
`,
	)}</tbody>
</table></div>`;

/** A bar in a cell, from nothing (0) to all (1); the number beside it says the same. */
export const shareBar = (share: number): Html =>
	html`<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="8"/><rect class="tone-1" width="${Math.round(Math.min(1, share) * 1000) / 10}" height="8"/></svg>`;
