// How a client talks with whoever runs it: JSON lines on stdout and stdin.
//
//   out {"open": url}            show this to the person
//   out {"connected": version}   the MCP connection stands
//   in  {"tool": …, "arguments": …}  →  out {"answer": text, "error": bool}
//   out {"failed": reason}       and the end

import { createInterface } from 'node:readline';

export function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Does it; where the person is asked for more first, waits for them and does it again. */
export async function steppingUp(act, isAsking, approved) {
  try {
    return await act();
  } catch (error) {
    if (!isAsking(error)) throw error;
  }
  await approved();
  return act();
}

/** Connects, then calls tools as asked until stdin ends. */
export async function converse(connect) {
  try {
    const { version, call, close } = await connect();
    say({ connected: version });
    for await (const line of createInterface({ input: process.stdin })) {
      const { tool, arguments: args } = JSON.parse(line);
      const result = await call(tool, args);
      const text = result.content.map((part) => part.text ?? '').join('\n');
      say({ answer: text, error: Boolean(result.isError) });
    }
    await close();
    process.exit(0);
  } catch (error) {
    say({ failed: `${error.name}: ${error.message}` });
    process.exit(1);
  }
}
