# SPDX-License-Identifier: Apache-2.0
"""What takes minutes: faults by the dozen, tests by the thousand; ``make soak`` runs it."""
