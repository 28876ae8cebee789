// Everything that the suite looks for, by the names that it knows.

import { setTimeout as wait } from 'node:timers/promises';
import { fromJsonSchema, McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { addAsking, stateCodec } from './asking.mjs';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const STEP_MILLISECONDS = 50;

export const text = (said) => ({ content: [{ type: 'text', text: said }] });
export const schema = (properties = {}, more = {}) => fromJsonSchema({ type: 'object', properties, ...more });

/** A server with all of it. `notify` is where changes are told to those who listen, in the era without sessions. */
export function everything(notify) {
  const server = new McpServer(
    { name: 'everything', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
      },
      requestState: stateCodec(),
    },
  );
  addTools(server, notify);
  addAsking(server);
  addResources(server);
  addPrompts(server);
  if (!notify) {
    server.server.setRequestHandler('resources/subscribe', async () => ({}));
    server.server.setRequestHandler('resources/unsubscribe', async () => ({}));
  }
  server.server.setRequestHandler('completion/complete', async ({ params }) => {
    const values = ['paris', 'park', 'party'].filter((word) => word.startsWith(params.argument.value));
    return { completion: { values, total: values.length, hasMore: false } };
  });
  return server;
}

function addTools(server, notify) {
  const tool = (name, description, act, inputSchema = schema()) => {
    server.registerTool(name, { description, inputSchema }, act);
  };
  tool('test_simple_text', 'Says something.', async () => text('This is a simple text response for testing.'));
  tool('test_image_content', 'Shows a picture.', async () => ({ content: [image()] }));
  tool('test_audio_content', 'Lets something be heard.', async () => ({
    content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  }));
  tool('test_embedded_resource', 'Encloses a resource.', async () => ({
    content: [enclosed('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  }));
  tool('test_multiple_content_types', 'Says, shows and encloses.', async () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image(),
      enclosed('test://mixed-content-resource', 'application/json', JSON.stringify({ test: 'data', value: 123 })),
    ],
  }));
  tool('test_error_handling', 'Fails.', async () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  tool('test_tool_with_logging', 'Tells how far it is in the log.', logging);
  tool('test_logging_tool', 'The same.', logging);
  tool('test_tool_with_progress', 'Tells how far it is to whoever waits.', async (_, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await wait(STEP_MILLISECONDS);
      if (progressToken === undefined) continue;
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
    }
    return text('Done, and everybody was told.');
  });
  tool('test_reconnection', 'Ends its stream in the middle, for the client to come back.', async (_, context) => {
    await wait(STEP_MILLISECONDS);
    context.http?.closeSSE?.();
    await wait(2 * STEP_MILLISECONDS);
    return text('Told to a client that came back.');
  });
  for (const kind of ['tool', 'prompt']) {
    tool(`test_trigger_${kind}_change`, `Tells whoever listens that there are other ${kind}s.`, async () => {
      notify?.()[`${kind}sChanged`]();
      return text('Told.');
    });
  }
  tool('test_custom_headers', 'Is called with a header for its argument.', async ({ region }) => text(region), schema({
    region: { type: 'string', 'x-mcp-header': 'Region' },
  }, { required: ['region'] }));
  tool('json_schema_2020_12_tool', 'Has a schema with the newer keywords.', async () => text('Fits.'), schema({
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  }, {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $defs: {
      address: {
        $anchor: 'addressDef',
        type: 'object',
        properties: { street: { type: 'string' }, city: { type: 'string' } },
      },
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
  }));
}

async function logging(_, { mcpReq }) {
  for (const said of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
    if (said !== 'Tool execution started') await wait(STEP_MILLISECONDS);
    await mcpReq.log('info', said);
  }
  return text('Done, and the log has it.');
}

function addResources(server) {
  const resource = (name, description, mimeType, contents) => {
    const uri = `test://${name}`;
    server.registerResource(name, uri, { description, mimeType }, async () => ({
      contents: [{ uri, mimeType, ...contents }],
    }));
  };
  resource('static-text', 'A text.', 'text/plain', { text: 'This is the content of the static text resource.' });
  resource('static-binary', 'A picture.', 'image/png', { blob: PNG });
  resource('watched-resource', 'One that may change.', 'text/plain', { text: 'As ever.' });
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  const about = { description: 'One for each id.', mimeType: 'application/json' };
  server.registerResource('template', template, about, async ({ href }, { id }) => ({
    contents: [{
      uri: href,
      mimeType: 'application/json',
      text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    }],
  }));
}

function addPrompts(server) {
  const prompt = (name, description, say, argsSchema) => server.registerPrompt(name, { description, argsSchema }, say);
  const user = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) });
  const words = (said) => ({ type: 'text', text: said });
  const string = { type: 'string' };
  prompt('test_simple_prompt', 'A prompt.', async () => user(words('This is a simple prompt for testing.')));
  prompt(
    'test_prompt_with_arguments', 'A prompt about two things.',
    async ({ arg1, arg2 }) => user(words(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
    schema({ arg1: string, arg2: string }, { required: ['arg1', 'arg2'] }),
  );
  prompt(
    'test_prompt_with_embedded_resource', 'A prompt about a resource.',
    async ({ resourceUri }) => user(
      enclosed(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
      words('Please process the embedded resource above.'),
    ),
    schema({ resourceUri: string }, { required: ['resourceUri'] }),
  );
  prompt('test_prompt_with_image', 'A prompt about a picture.', async () => user(
    image(), words('Please analyze the image above.'),
  ));
}

function image() {
  return { type: 'image', data: PNG, mimeType: 'image/png' };
}

function enclosed(uri, mimeType, content) {
  return { type: 'resource', resource: { uri, mimeType, text: content } };
}
