// The two pages a person sees at oidc-provider: who are you, and do you approve.

/** Koa middleware that answers /interaction/:uid with plain forms and acts on what they send. */
export function answerInteractions(provider, people) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const interaction = await provider.interactionDetails(ctx.req, ctx.res);
    if (ctx.method === 'POST') {
      const result = await resultOf(provider, interaction, await formOf(ctx.req));
      ctx.respond = false;
      await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
      return;
    }
    ctx.type = 'html';
    ctx.body = interaction.prompt.name === 'login'
      ? signIn(people)
      : consent(await provider.Client.find(interaction.params.client_id), interaction.params);
  };
}

async function resultOf(provider, interaction, form) {
  if (form.get('decision') === 'deny') {
    return { error: 'access_denied', error_description: 'The person denied the request.' };
  }
  if (interaction.prompt.name === 'login') {
    return { login: { accountId: form.get('person') } };
  }
  const { session, params, prompt } = interaction;
  // Who has approved something already approves the rest.
  const grant = interaction.grantId
    ? await provider.Grant.find(interaction.grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details;
  grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return { consent: { grantId: await grant.save() } };
}

function signIn(people) {
  const buttons = Object.entries(people).map(([subject, { name, email }]) =>
    `<p><button name="person" value="${subject}">${name} (${email})</button></p>`);
  return `<!doctype html><title>Sign in</title><h1>Who is signing in?</h1>
<form method="post">${buttons.join('\n')}</form>`;
}

function consent(client, { resource, scope = '' }) {
  return `<!doctype html><title>Approve</title><h1>${escaped(client.clientName ?? client.clientId)}</h1>
<p>asks to use ${escaped(resource)} as you: ${escaped(scope)}.</p>
<form method="post">
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>`;
}

function escaped(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

async function formOf(request) {
  return new URLSearchParams(await bodyOf(request));
}

/** What was sent, as text. */
export async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
