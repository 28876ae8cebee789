// Reads each body by JSON.parse, or each URI by URL (WHATWG): `with_node.mjs messages|uris`.
//
// Reads records from stdin and writes a line for each; judge.py describes both.
import { readFileSync } from "node:fs";

const records = readFileSync(0);
const reader = { messages: readBody, uris: readUri }[process.argv[2]];
const lines = [];
for (let at = 0; at < records.length; ) {
  const start = at + 4;
  at = start + records.readUInt32LE(at);
  lines.push(reader(records.subarray(start, at)));
}
process.stdout.write(lines.join("\n") + "\n");

function readUri(record) {
  const text = record.toString();
  return URL.canParse(text) ? field(new URL(text).href) : "-";
}

// Bytes that are not UTF-8 become U+FFFD, as in `await request.text()`.
function readBody(record) {
  let document;
  try {
    document = JSON.parse(record.toString());
  } catch {
    return "-";
  }
  return Array.isArray(document) ? "[" + document.map(one).join("|") : one(document);
}

function one(message) {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return "-";
  const { method, params } = message;
  const uris = params?.notifications?.resourceSubscriptions;
  return [
    field(method),
    field(params?.name),
    field(params?.uri),
    field(params?.ref?.type),
    field(params?.ref?.name),
    field(params?.ref?.uri),
    Array.isArray(uris) ? uris.map(field).join(",") : "",
  ].join(";");
}

function field(text) {
  return typeof text === "string" ? "=" + Buffer.from(text).toString("hex") : "";
}
