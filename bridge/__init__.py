# SPDX-License-Identifier: Apache-2.0
"""The service: carries events from the bus to listeners' callbacks."""
