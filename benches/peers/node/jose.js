// jose for Node, for reference: `node jose.js FILE ROUND` measures whole validations of the same
// tokens, and prints a line of JSON per algorithm as `peers run` does.

import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";

const [file, round] = process.argv.slice(2);
const material = JSON.parse(readFileSync(file, "utf8"));
const keys = createLocalJWKSet(material.jwks);
const CALLS = 200;

for (const [algorithm, tokens] of Object.entries(material.tokens)) {
  const rules = {
    issuer: material.issuer,
    audience: material.audience,
    algorithms: [algorithm],
    requiredClaims: ["exp", "sub"],
  };
  const validate = async (from, count) => {
    for (let n = from; n < from + count; n++) {
      await jwtVerify(tokens[n % tokens.length], keys, rules);
    }
  };
  await validate(0, CALLS);
  const [wall, processor] = [process.hrtime.bigint(), process.cpuUsage()];
  await validate(CALLS, CALLS);
  const used = process.cpuUsage(processor);
  console.log(JSON.stringify({
    table: "peers", backend: "node", round, algorithm, who: "jose (Node)", mode: "cold", threads: 1,
    calls: CALLS, wall_ns: Number(process.hrtime.bigint() - wall) / CALLS,
    processor_ns: (1000 * (used.user + used.system)) / CALLS,
  }));
}
