/** The form that asks for the administrator's token. */
import {html} from '../html.ts';
import type {Page} from '../layout.ts';
import {paths} from '../paths.ts';

export type SignIn = {
	/** Where to go afterwards. */
	next: string;
	isWrong: boolean;
	/** Another site led here: browsers keep the session back on such a way, if there is one. */
	cameFromElsewhere: boolean;
};

export const signInPage = ({next, isWrong, cameFromElsewhere}: SignIn): Page => ({
	title: 'Sign in',
	main: html`<section class="card sign-in"><h1>Sign in</h1>
<p class="about">With the token of the administrator, which the server has in <code>LAYERCACHE_ADMIN_TOKEN</code>.</p>
${isWrong && html`<p class="notice bad" role="alert">This is not the token.</p>`}
<form method="post" action="${paths.signIn}">
<div class="field"><label for="token">Token</label><input id="token" name="token" type="password" autocomplete="current-password" required></div>
<input type="hidden" name="next" value="${next}">
<div class="actions"><button>Sign in</button></div>
</form>
${cameFromElsewhere && html`<p class="about">Signed in already? <a href="${next}">Go on</a>.</p>`}</section>`,
});
