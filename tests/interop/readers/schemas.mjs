// SPDX-License-Identifier: Apache-2.0
// Reads JSON Schemas with Ajv, and tells of each value whether it is as its schema says.
import { readFileSync } from "node:fs";
import addFormats from "ajv-formats";
import Ajv from "ajv/dist/2020.js";

const ajv = new Ajv();
addFormats(ajv);
const { schemas, values } = JSON.parse(readFileSync(0));
const known = Object.fromEntries(
  Object.entries(schemas).map(([name, schema]) => [name, ajv.compile(schema)]),
);

console.log(JSON.stringify(values.map(({ name, value }) => known[name](value))));
