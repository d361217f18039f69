# SPDX-License-Identifier: Apache-2.0
"""What is taken has the members it is known for, and no others."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Takes the members it knows, with the types they have in JSON, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)
