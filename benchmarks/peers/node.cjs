// SPDX-License-Identifier: Apache-2.0
// The peer on Node.js: amqplib and undici. Does what webhook.py tells.
'use strict';
const crypto = require('crypto');
const amqp = require('amqplib');
const undici = require('undici');

const hook = new URL(process.env.BENCHMARK_HOOK);
const listeners = new Map([['orders/task.succeeded', hook.pathname]]);
const key = '0123456789abcdef0123456789abcdef';
const pool = new undici.Pool(hook.origin, { connections: 64, pipelining: 1 });

async function post(body) {
  const event = JSON.parse(body);
  const path = listeners.get(`${event.data.workbook}/${event.type}`);
  const id = event.data.execution.id;
  const seconds = String(Math.floor(Date.now() / 1000));
  const mac = crypto.createHmac('sha256', key).update(`msg_${id}.${seconds}.`).update(body);
  const headers = {
    'content-type': 'application/json',
    'ce-id': id,
    'webhook-id': `msg_${id}`,
    'webhook-timestamp': seconds,
    'webhook-signature': `v1,${mac.digest('base64')}`,
  };
  const answer = await pool.request({ path, method: 'POST', body, headers });
  await answer.body.dump();
  if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}`);
}

async function main() {
  const connection = await amqp.connect(process.env.BENCHMARK_AMQP_URL);
  const channel = await connection.createChannel();
  await channel.prefetch(500);
  await channel.consume(process.env.BENCHMARK_QUEUE, (message) => {
    post(message.content).then(() => channel.ack(message), (error) => {
      console.error(error);
      channel.nack(message);
    });
  });
}

main();
