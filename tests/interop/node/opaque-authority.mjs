// An authorization server that is not ours, with opaque access tokens: oidc-provider, which issues them by default.
//
// Settings: PORT, RESOURCE, and KEY (the public JWK of the client resource-key). Prints {"ready": issuer} when it
// listens. Tokens are issued and stored by oidc-provider's own classes, on request of the test:
//
//   POST /made?kind=…   a token; kinds below
//   GET  /asked         how many introspection requests there were

import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { PORT, RESOURCE, KEY } = process.env;
const issuer = `http://127.0.0.1:${PORT}`;
const ACCOUNT = 'user_01INTEROPADA';
let asked = 0;

const resourceServer = (id) => ({
  scope: 'notes:read notes:write',
  audience: id,
  accessTokenFormat: 'opaque',
  accessTokenTTL: 300,
});
const asking = { redirect_uris: [], response_types: [], grant_types: [] };

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'agent',
      client_secret: 'agent-secret',
      redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      scope: 'openid offline_access notes:read notes:write',
    },
    { ...asking, client_id: 'resource-basic', client_secret: 's &=:c', token_endpoint_auth_method: 'client_secret_basic' },
    { ...asking, client_id: 'resource-post', client_secret: 's &=:c', token_endpoint_auth_method: 'client_secret_post' },
    {
      ...asking,
      client_id: 'resource-key',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [JSON.parse(KEY)] },
    },
  ],
  scopes: ['openid', 'offline_access', 'notes:read', 'notes:write'],
  cookies: { keys: ['interop'] },
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => resourceServer(resource),
    },
  },
});

async function made(kind) {
  const client = await provider.Client.find('agent');
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId: 'agent' });
  grant.addOIDCScope('openid');
  grant.addResourceScope(RESOURCE, 'notes:read');
  const of = {
    accountId: ACCOUNT, client, grantId: await grant.save(), gty: 'authorization_code', scope: 'notes:read',
  };
  if (kind === 'refresh') {
    return new provider.RefreshToken({ ...of, resource: RESOURCE }).save();
  }
  const token = new provider.AccessToken(of);
  const audience = { good: RESOURCE, foreign: 'https://other.example.com/mcp' }[kind];
  // Without a resource, as its tokens are by default.
  if (audience) token.resourceServer = new provider.ResourceServer(audience, resourceServer(audience));
  if (kind === 'bound') {
    token.resourceServer = new provider.ResourceServer(RESOURCE, resourceServer(RESOURCE));
    token.jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
  }
  return token.save();
}

const answer = provider.callback();
createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === '/made') {
    response.end(await made(url.searchParams.get('kind')).catch((error) => `error: ${error}`));
  } else if (url.pathname === '/asked') {
    response.end(String(asked));
  } else {
    if (url.pathname === '/token/introspection') asked += 1;
    answer(request, response);
  }
}).listen(Number(PORT), '127.0.0.1', () => {
  console.log(JSON.stringify({ ready: issuer }));
});
