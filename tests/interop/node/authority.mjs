// An authorization server that is not ours: oidc-provider, with AuthKit's paths.
//
// Settings: PORT, RESOURCE (the one resource it issues tokens for), TOKEN_SECONDS, SCOPES (what it grants besides
// AuthKit's own). Where it grants such scopes, refresh tokens are for those who ask for offline_access, as AuthKit's.
// Prints {"ready": issuer} when it listens.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider, { errors } from 'oidc-provider';
import { answerInteractions, bodyOf } from './authority-pages.mjs';

const { PORT, RESOURCE, TOKEN_SECONDS = '300', SCOPES = '' } = process.env;
const issuer = `http://127.0.0.1:${PORT}`;

/** The people who can sign in here; a subject looks like one of AuthKit's. */
const people = {
  user_01INTEROPADA: { name: 'Ada Lovelace', email: 'ada@example.com' },
  user_01INTEROPGRACE: { name: 'Grace Hopper', email: 'grace@example.com' },
};

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signingKey = { ...privateKey.export({ format: 'jwk' }), kid: 'interop-1', alg: 'RS256', use: 'sig' };

const provider = new Provider(issuer, {
  routes: {
    authorization: '/oauth2/authorize',
    token: '/oauth2/token',
    registration: '/oauth2/register',
    jwks: '/oauth2/jwks',
  },
  jwks: { keys: [signingKey] },
  scopes: ['openid', 'profile', 'email', 'offline_access', ...SCOPES.split(' ').filter(Boolean)],
  claims: { email: ['email'], profile: ['name'] },
  responseTypes: ['code'],
  pkce: { required: () => true },
  // Pages may be clients: there is nothing in a public client's requests that a page must not send.
  clientBasedCORS: () => true,
  cookies: { keys: ['interop'] },
  ttl: { AccessToken: Number(TOKEN_SECONDS) },
  // Whoever registered for refresh tokens gets them. oidc-provider alone would drop offline_access without
  // prompt=consent (OpenID Connect Core §11), which rmcp does not send.
  issueRefreshToken: (_ctx, client, code) => client.grantTypeAllowed('refresh_token')
    && (SCOPES === '' || code.scopes.has('offline_access')),
  rotateRefreshToken: true,
  findAccount: (_ctx, sub) => people[sub] && {
    accountId: sub,
    claims: () => ({ sub, ...people[sub] }),
  },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Without a resource in the request there is no token for anything.
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo(_ctx, resource) {
        if (resource !== RESOURCE) throw new errors.InvalidTarget();
        return {
          scope: `openid profile email offline_access ${SCOPES}`.trim(),
          accessTokenFormat: 'jwt',
          accessTokenTTL: Number(TOKEN_SECONDS),
          jwt: { sign: { alg: 'RS256' } },
        };
      },
    },
  },
});

// Pages may register too: oidc-provider leaves that to the application.
provider.use((ctx, next) => {
  if (ctx.path !== '/oauth2/register') return next();
  ctx.set('Access-Control-Allow-Origin', '*');
  if (ctx.method !== 'OPTIONS') return next();
  ctx.set('Access-Control-Allow-Headers', 'content-type, mcp-protocol-version');
  ctx.status = 204;
  return undefined;
});
// A client registers with the scope that it first asks for, and oidc-provider holds it to that ever after. Where
// scopes come one after the other, it may ask for any.
provider.use(async (ctx, next) => {
  if (SCOPES !== '' && ctx.method === 'POST' && ctx.path === '/oauth2/register') {
    const { scope: _, ...registration } = JSON.parse(await bodyOf(ctx.req));
    ctx.req.body = registration;
  }
  return next();
});
provider.use(answerInteractions(provider, people));

createServer(provider.callback()).listen(Number(PORT), '127.0.0.1', () => {
  console.log(JSON.stringify({ ready: issuer }));
});
