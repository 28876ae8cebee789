// Tools that ask the client, or the person before it, for something on the way. They are written once: the SDK turns
// what is asked into requests of its own where the client speaks an older revision.

import { randomBytes } from 'node:crypto';
import { createRequestStateCodec, inputRequired } from '@modelcontextprotocol/server';
import { schema, text } from './everything.mjs';

const codec = createRequestStateCodec({ key: randomBytes(32) });
const string = { type: 'string' };

/** How the state that goes through the client's hands is protected. */
export const stateCodec = () => ({ verify: codec.verify });

const elicit = (message, properties, required = Object.keys(properties)) => inputRequired.elicit({
  message, requestedSchema: { type: 'object', properties, required },
});
const sample = (said, maxTokens = 100) => inputRequired.createMessage({
  messages: [{ role: 'user', content: { type: 'text', text: said } }], maxTokens,
});

export function addAsking(server) {
  const tool = (name, description, act, inputSchema = schema()) => {
    server.registerTool(name, { description, inputSchema }, (given, { mcpReq }) => act(
      mcpReq.inputResponses ?? {}, mcpReq, given,
    ));
  };
  addOldNames(tool);
  tool('test_input_required_result_elicitation', 'Asks for a name.', async ({ user_name: answer }) => {
    const name = answer?.content?.name;
    if (typeof name === 'string') return text(`Hello, ${name}!`);
    return inputRequired({ inputRequests: { user_name: elicit('What is your name?', { name: string }) } });
  });
  tool('test_input_required_result_sampling', 'Asks a model.', async ({ capital_question: answer }) => {
    if (answer) return text(answer.content?.text ?? 'It said nothing.');
    return inputRequired({ inputRequests: { capital_question: sample('What is the capital of France?') } });
  });
  tool('test_input_required_result_list_roots', 'Asks for roots.', async ({ client_roots: answer }) => {
    if (answer?.roots) return text(answer.roots.map(({ uri }) => uri).join(' '));
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  for (const name of ['request_state', 'tampered_state']) {
    tool(`test_input_required_result_${name}`, 'Remembers by the client.', async ({ confirm }, mcpReq) => {
      if (confirm && mcpReq.requestState()?.asked === name) return text('state-ok');
      const inputRequests = { confirm: elicit('Please confirm', { ok: { type: 'boolean' } }) };
      return inputRequired({ inputRequests, requestState: await codec.mint({ asked: name }) });
    });
  }
  tool('test_input_required_result_multiple_inputs', 'Asks three things.', async (answers) => {
    const { user_name, greeting, client_roots } = answers;
    if (user_name && greeting && client_roots) return text('Three answers.');
    return inputRequired({
      inputRequests: {
        user_name: elicit('What is your name?', { name: string }),
        greeting: sample('Generate a greeting', 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await codec.mint({ asked: 'three' }),
    });
  });
  tool('test_input_required_result_multi_round', 'Asks twice.', async ({ step1, step2 }, mcpReq) => {
    const known = mcpReq.requestState() ?? {};
    if (known.name !== undefined && step2) return text(`${known.name} likes ${step2.content?.color}.`);
    if (step1) {
      return inputRequired({
        inputRequests: { step2: elicit('Step 2: What is your favorite color?', { color: string }) },
        requestState: await codec.mint({ name: step1.content?.name ?? '' }),
      });
    }
    return inputRequired({
      inputRequests: { step1: elicit('Step 1: What is your name?', { name: string }) },
      requestState: await codec.mint({ round: 1 }),
    });
  });
  tool('test_input_required_result_capabilities', 'Asks what the client can answer.', async (answers, mcpReq) => {
    const declared = mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};
    const inputRequests = {};
    if (declared.sampling && !answers.model) inputRequests.model = sample('Say something.');
    if (declared.elicitation && !answers.person) inputRequests.person = elicit('Say something.', { said: string });
    return Object.keys(inputRequests).length > 0 ? inputRequired({ inputRequests }) : text('Nothing to ask.');
  });
  // Whom the client cannot ask, the SDK does not let a tool ask.
  tool('test_missing_capability', 'Asks a model, which not every client has.', async ({ model }) => (
    model ? text('Answered.') : inputRequired({ inputRequests: { model: sample('Say something.') } })
  ));
  tool('test_streaming_elicitation', 'Asks on a stream.', async ({ person }) => (
    person ? text('Answered.') : inputRequired({ inputRequests: { person: elicit('Go on?', { ok: string }) } })
  ));
  const about = { description: 'Asks what it is about.' };
  server.registerPrompt('test_input_required_result_prompt', about, async (context) => {
    const said = context.mcpReq.inputResponses?.user_context?.content?.context;
    if (typeof said === 'string') return { messages: [{ role: 'user', content: { type: 'text', text: said } }] };
    return inputRequired({
      inputRequests: { user_context: elicit('What context should the prompt use?', { context: string }) },
    });
  });
}

/** Those that the older revisions know by names of their own. */
function addOldNames(tool) {
  tool('test_sampling', 'Asks a model.', async ({ model }, _, { prompt }) => (
    model ? text(`LLM response: ${model.content?.text}`) : inputRequired({ inputRequests: { model: sample(prompt) } })
  ), schema({ prompt: string }, { required: ['prompt'] }));
  const asking = (name, description, say, ask, input) => tool(name, description, async ({ person }, _, given) => {
    if (!person) return inputRequired({ inputRequests: { person: ask(given) } });
    return text(say(person));
  }, input);
  const completed = ({ action, content }) => (
    `Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`
  );
  asking(
    'test_elicitation', 'Asks the person.',
    ({ action, content }) => `User response: action: ${action}, content: ${JSON.stringify(content ?? {})}`,
    ({ message }) => elicit(message, {
      username: { ...string, description: "User's response" },
      email: { ...string, description: "User's email address" },
    }),
    schema({ message: string }, { required: ['message'] }),
  );
  asking('test_elicitation_sep1034_defaults', 'Asks with answers at hand.', completed, () => elicit('Who are you?', {
    name: { ...string, default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { ...string, enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  }, []));
  const options = ['option1', 'option2', 'option3'];
  const titled = (...titles) => titles.map((title, n) => ({ const: `value${n + 1}`, title }));
  asking('test_elicitation_sep1330_enums', 'Asks to choose.', completed, () => elicit('Which?', {
    untitledSingle: { ...string, enum: options },
    titledSingle: { ...string, oneOf: titled('First Option', 'Second Option', 'Third Option') },
    legacyEnum: { ...string, enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
    untitledMulti: { type: 'array', items: { ...string, enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled('First Choice', 'Second Choice', 'Third Choice') } },
  }, []));
}
