/** The form that asks for the credential of an administrator. */
import {html} from '../html.ts';
import type {Page} from '../layout.ts';
import {paths} from '../paths.ts';

export type SignIn = {
	/** Where to go afterwards. */
	next: string;
	/** Why the last try was none. */
	refused?: string;
	/** Another site led here: browsers keep the session back on such a way, if there is one. */
	cameFromElsewhere: boolean;
};

export const signInPage = ({next, refused, cameFromElsewhere}: SignIn): Page => ({
	title: 'Sign in',
	main: html`<section class="card sign-in"><h1>Sign in</h1>
<p class="about">With the token in <code>LAYERCACHE_ADMIN_TOKEN</code> of the server, with another token that may administer, or as a user who may.</p>
${refused !== undefined && html`<p class="notice bad" role="alert">This was not accepted: ${refused}.</p>`}
<form method="post" action="${paths.signIn}"><div class="fields">
<div class="field"><label for="name">Name of a user, none with a token</label><input id="name" name="name" autocomplete="username"></div>
<div class="field"><label for="secret">Password or token</label><input id="secret" name="secret" type="password" autocomplete="current-password" required></div></div>
<input type="hidden" name="next" value="${next}">
<div class="actions"><button>Sign in</button></div>
</form>
${cameFromElsewhere && html`<p class="about">Signed in already? <a href="${next}">Go on</a>.</p>`}</section>`,
});
