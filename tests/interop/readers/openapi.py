# SPDX-License-Identifier: Apache-2.0
"""Validates a document of OpenAPI 3.1 with openapi-spec-validator."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

document = json.load(sys.stdin)
errors = OpenAPIV31SpecValidator(document).iter_errors()
json.dump([one.message for one in errors], sys.stdout)
