# SPDX-License-Identifier: Apache-2.0
"""What others would build: each takes events from a queue and posts them, signed.

Programs for an environment of their own; see `benchmarks.environment`. Each in a
configuration that suits it, acks an event after the answer, and keeps no log of it.
"""
