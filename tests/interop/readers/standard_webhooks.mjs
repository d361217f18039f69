// SPDX-License-Identifier: Apache-2.0
// Verifies webhooks: v1 with Standard Webhooks' own library for JavaScript, v1a, which it
// does not know, with node's crypto. The payload, or null: it is not proven.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

// What stands before the 32 bytes of a key (RFC 8410).
const ED25519 = Buffer.from("302a300506032b6570032100", "hex");

const asymmetric = ({ secret, headers }, body) => {
  const der = Buffer.concat([ED25519, Buffer.from(secret.slice("whpk_".length), "base64")]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return headers["webhook-signature"]
    .split(" ")
    .filter((mark) => mark.startsWith("v1a,"))
    .some((mark) => verify(null, Buffer.from(signed), key, Buffer.from(mark.slice(4), "base64")));
};

const read = (one) => {
  const body = Buffer.from(one.body, "base64").toString();
  if (one.secret.startsWith("whpk_")) return asymmetric(one, body) ? JSON.parse(body) : null;
  try {
    return new Webhook(one.secret).verify(body, one.headers);
  } catch {
    return null;
  }
};

console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(read)));
