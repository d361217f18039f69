// SPDX-License-Identifier: Apache-2.0
// Reads requests with the CloudEvents SDK for JavaScript, which knows no AMQP: a message in
// structured mode is the same but for where its content type stands.
import { readFileSync } from "node:fs";
import { HTTP } from "cloudevents";

const read = (one) => {
  const body = Buffer.from(one.body, "base64").toString();
  const headers = one.by === "http" ? one.headers : { "content-type": one.content_type };
  return [HTTP.toEvent({ headers, body })].flat().map((event) => {
    const { data, ...attributes } = event.toJSON();
    return { attributes, data };
  });
};

console.log(JSON.stringify(JSON.parse(readFileSync(0)).flatMap(read)));
