// An authorization server that is not ours: better-auth with its OAuth provider, everything in memory.
//
// Settings: PORT, and RESOURCE if it is to know this resource. Prints {"ready": issuer} when it listens.

import { createServer } from 'node:http';
import { oauthProvider } from '@better-auth/oauth-provider';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { getAuthTables } from 'better-auth/db';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';

const { PORT, RESOURCE } = process.env;
const origin = `http://127.0.0.1:${PORT}`;
const resources = RESOURCE ? { resources: [RESOURCE], clientRegistrationDefaultResources: [RESOURCE] } : {};
const tables = {};
const options = {
  baseURL: origin,
  secret: 'a secret of the interoperability tests',
  database: memoryAdapter(tables),
  telemetry: { enabled: false },
  emailAndPassword: { enabled: true },
  plugins: [
    jwt(),
    oauthProvider({
      loginPage: '/login',
      consentPage: '/consent',
      allowDynamicClientRegistration: true,
      allowUnauthenticatedClientRegistration: true,
      ...resources,
    }),
  ],
};
for (const table of Object.values(getAuthTables(options))) {
  tables[table.modelName] = [];
}

const handler = toNodeHandler(betterAuth(options));
createServer((request, response) => handler(request, response)).listen(Number(PORT), '127.0.0.1', () => {
  console.log(JSON.stringify({ ready: `${origin}/api/auth` }));
});
