// Preloaded with `node --import`: fetch honours HTTP_PROXY, which Node does not do by itself everywhere.

import { EnvHttpProxyAgent, install, setGlobalDispatcher } from 'undici';

setGlobalDispatcher(new EnvHttpProxyAgent());
install();
