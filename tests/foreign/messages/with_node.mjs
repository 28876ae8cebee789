// Reads each body by JSON.parse, or each URI by URL (WHATWG): `with_node.mjs HOW`.
//
// messages  look-ups in what JSON.parse returns
// trimmed   the same, and every method, name and URI is trimmed before it is looked up
// uris      the href of a URL
//
// Reads records from stdin and writes a line for each; judge.py describes both.
import { readFileSync } from "node:fs";

const records = readFileSync(0);
const how = process.argv[2];
const reader = { messages: readBody, trimmed: readBody, uris: readUri }[how];
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
  if (typeof text !== "string") return "";
  return "=" + Buffer.from(how === "trimmed" ? text.trim() : text).toString("hex");
}
