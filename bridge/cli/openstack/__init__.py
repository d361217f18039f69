# SPDX-License-Identifier: Apache-2.0
"""``openstack workflow listener …``, beside python-mistralclient's own commands."""
