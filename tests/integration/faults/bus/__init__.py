# SPDX-License-Identifier: Apache-2.0
"""What happens to all who hold on to a broker when it is killed, frozen, full or away."""
