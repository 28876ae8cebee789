// Tokens by jose: `make FOLDER`, or `judge FILE`. The list is list.json, as for the others.
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import {
  CompactEncrypt, CompactSign, FlattenedSign, SignJWT, UnsecuredJWT, exportJWK, exportSPKI,
  generateKeyPair, importJWK, jwtVerify,
} from "jose";

const list = JSON.parse(readFileSync(new URL("../list.json", import.meta.url)));
const lock = JSON.parse(readFileSync(new URL("package-lock.json", import.meta.url)));
const version = lock.packages["node_modules/jose"].version;
const families = ["RS256", "ES256", "EdDSA"];
const algorithms = [
  "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
  "Ed25519",
];

const bytes = (text) => new TextEncoder().encode(text);
const encode = (data) => Buffer.from(data).toString("base64url");
const decode = (text) => Buffer.from(text, "base64url");

// Null takes a member away.
const changed = (base, changes = {}) =>
  Object.fromEntries(Object.entries({ ...base, ...changes }).filter(([, value]) => value !== null));

function tampered(token, how) {
  let [header, payload, signature] = token.split(".");
  const edited = (part, change) =>
    encode(JSON.stringify({ ...JSON.parse(decode(part)), ...change }));
  switch (how) {
    case undefined: break;
    case "payload": payload = edited(payload, { sub: "user_eve" }); break;
    case "header": header = edited(header, { typ: "at+jwt" }); break;
    case "cut": signature = encode(decode(signature).subarray(0, -1)); break;
    case "strip": signature = ""; break;
    case "pad": signature += "="; break;
    default: throw new Error(how);
  }
  return [header, payload, signature].join(".");
}

const generate = (algorithm) => generateKeyPair(algorithm, { extractable: true });

function sign(header, claims, key) {
  // `SignJWT` checks what it is given, so what it would not make is signed as plain bytes.
  if (header.crit || typeof claims.exp === "string") {
    const crit = Object.fromEntries((header.crit ?? []).map((name) => [name, true]));
    const signing = new CompactSign(bytes(JSON.stringify(claims)));
    return signing.setProtectedHeader(header).sign(key, { crit });
  }
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

// Bad tokens that are this library's own: name, why, token.
async function* extras(keys) {
  const claims = list.claims;
  yield ["none", "R17", new UnsecuredJWT(claims).encode()];
  const jwk = await exportJWK(keys.RS256.publicKey);
  const pem = await exportSPKI(keys.RS256.publicKey);
  const header = { alg: "HS256", kid: "RS256" };
  for (const [name, secret] of [["PEM", pem], ["JWK", JSON.stringify(jwk)]]) {
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(bytes(secret));
    yield [`HS256 with the public key as ${name}`, "R17", token];
  }
  const input = `${encode(JSON.stringify({ alg: "RS256", kid: "RS256" }))}.${encode(JSON.stringify(claims))}`;
  const tag = createHmac("sha256", pem).update(input).digest("base64url");
  yield ["an HMAC under the name RS256", "R17", `${input}.${tag}`];
  const unencoded = await new FlattenedSign(bytes(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "RS256", kid: "RS256", b64: false, crit: ["b64"] })
    .sign(keys.RS256.privateKey);
  const payload = encode(JSON.stringify(claims));
  yield ["an unencoded payload", "R17", [unencoded.protected, payload, unencoded.signature].join(".")];
  const encrypted = await new CompactEncrypt(bytes(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", kid: "RS256" })
    .encrypt(await importJWK({ ...jwk, alg: "RSA-OAEP-256" }));
  yield ["JWE", "R17", encrypted];
}

async function make(folder) {
  const keys = {}, others = {}, jwks = [], cases = [];
  for (const algorithm of algorithms) {
    keys[algorithm] = await generate(algorithm);
    const jwk = await exportJWK(keys[algorithm].publicKey);
    jwks.push({ ...jwk, kid: algorithm, alg: algorithm, use: "sig" });
  }
  for (const algorithm of families) others[algorithm] = await generate(algorithm);

  const add = async (algorithm, entry, expect, why) => {
    const header = changed({ alg: algorithm, kid: algorithm }, entry.header);
    const pair = entry.key === "other" ? others[algorithm] : keys[algorithm];
    const token = await sign(header, changed(list.claims, entry.claims), pair.privateKey);
    const name = `${algorithm}: ${entry.name}`;
    cases.push({ name, expect, why, token: tampered(token, entry.tamper) });
  };
  for (const algorithm of algorithms)
    for (const entry of list.good) await add(algorithm, entry, "accept", "good");
  for (const algorithm of families)
    for (const entry of list.bad) await add(algorithm, entry, "refuse", entry.why);
  for await (const [name, why, token] of extras(keys))
    cases.push({ name, expect: "refuse", why, token });

  const lines = (entries) => entries.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n");
  const head = { library: `jose ${version}`, now: list.now, issuer: list.issuer };
  const text = `${JSON.stringify(head, null, 1).slice(0, -2)},
 "jwks": {"keys": [\n${lines(jwks)}\n]},
 "cases": [\n${lines(cases)}\n]}\n`;
  JSON.parse(text);
  writeFileSync(`${folder}/jose.json`, text);
}

async function judge(file) {
  const ours = JSON.parse(readFileSync(file));
  let accepted = 0;
  for (const { alg, jwk, token } of ours.tokens) {
    const { payload } = await jwtVerify(token, await importJWK(jwk, alg), {
      algorithms: [alg], audience: ours.audience, issuer: ours.issuer, requiredClaims: ["exp", "sub"],
    });
    if (payload.sub !== "user_ada") throw new Error(`jose read another subject: ${payload.sub}`);
    accepted += 1;
  }
  if (accepted < 11) throw new Error(`only ${accepted} tokens`);
  console.log(`jose ${version} accepts our ${accepted} tokens`);
}

const [command, argument] = process.argv.slice(2);
await { make, judge }[command](argument);
