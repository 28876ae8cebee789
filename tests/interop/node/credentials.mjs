// An OAuthClientProvider as both TypeScript SDKs want it: everything kept in memory.

import { randomBytes } from 'node:crypto';
import { say } from './conversation.mjs';

export class Credentials {
  #client;
  #tokens;
  #verifier;
  #state;
  #discovery;

  constructor(redirectUrl, clientName) {
    this.redirectUrl = redirectUrl;
    this.clientMetadata = {
      client_name: clientName,
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      // What an application asks AuthKit for that wants to stay signed in: offline_access brings refresh tokens.
      scope: 'openid profile email offline_access',
    };
  }

  state() {
    this.#state ??= randomBytes(16).toString('hex');
    return this.#state;
  }

  clientInformation() { return this.#client; }
  saveClientInformation(client) { this.#client = client; }
  tokens() { return this.#tokens; }
  saveTokens(tokens) { this.#tokens = tokens; }
  codeVerifier() { return this.#verifier; }
  saveCodeVerifier(verifier) { this.#verifier = verifier; }
  discoveryState() { return this.#discovery; }
  saveDiscoveryState(discovery) { this.#discovery = discovery; }

  /** The SDK asks for the browser: whoever runs this client plays it. */
  redirectToAuthorization(url) { say({ open: url.href }); }

  /** Refuses an answer that does not belong to our question; the SDKs leave this to the application. */
  check(returned) {
    const asked = this.#state;
    this.#state = undefined;
    if (!asked || returned.get('state') !== asked) throw new Error('the state that came back is not ours');
  }
}
