# SPDX-License-Identifier: Apache-2.0
"""CloudEvents SQL 1.0, in a package that stands alone: it imports nothing of ours.

Example:
    >>> from bridge.cesql.expression import parse
    >>> parse("type LIKE 'task.%' AND sequence > 2").accepts(
    ...     {"type": "task.failed", "sequence": "3"}
    ... )
    True
"""
