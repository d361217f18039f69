// SPDX-License-Identifier: Apache-2.0
// Validates a document of AsyncAPI 3 with AsyncAPI's own parser.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(0).toString());
const errors = diagnostics.filter((one) => one.severity === 0).map((one) => one.message);
console.log(
  JSON.stringify({
    errors,
    version: document?.version() ?? null,
    messages: document?.allMessages().all().map((one) => one.id()) ?? [],
  }),
);
