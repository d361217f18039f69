# SPDX-License-Identifier: Apache-2.0
"""Seals what must be kept secret before it reaches the database.

Fernet (AES-128-CBC and HMAC-SHA256, github.com/fernet/spec) under one key, which stands
in a file of mode 0600 or in the environment, never in the database.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection

from bridge.errors import KeyChanged, SettingsError
from bridge.store.database import Database
from bridge.store.facts import note, noted
from bridge.store.lock import wait_alone

KEY_MODE: Final = 0o600
_FINGERPRINT: Final = "key_fingerprint"


class Vault:
    """Seals and opens; safe to share between threads.

    Args:
        key: 32 bytes in URL-safe base64, as `Fernet.generate_key` gives.

    Raises:
        SettingsError: The key is none.
    """

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as err:
            raise SettingsError(
                "[secrets] key must be 32 bytes in URL-safe base64"
            ) from err
        self.fingerprint: Final = hashlib.sha256(key.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Vault({self.fingerprint})"

    def seal(self, members: Mapping[str, Any]) -> bytes:
        """Return the members as a sealed text."""
        return self._fernet.encrypt(json.dumps(dict(members)).encode())

    def open(self, sealed: bytes) -> dict[str, Any]:
        """Return what was sealed.

        Raises:
            KeyChanged: It was sealed with another key.
        """
        members: dict[str, Any] = json.loads(self._opened(sealed))
        return members

    def reseal(self, sealed: bytes, other: "Vault") -> bytes:
        """Return what was sealed as the other one seals it.

        Raises:
            KeyChanged: It was sealed with another key than this one's.
        """
        return other._fernet.encrypt(self._opened(sealed))  # noqa: SLF001 - of its own kind

    def _opened(self, sealed: bytes) -> bytes:
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as err:
            raise KeyChanged from err


def read_key(path: Path) -> str:
    """Return the key in a file; makes both file and key where there is none.

    Raises:
        SettingsError: The file can be neither read nor made, or others may read it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_MODE)
        except FileExistsError:
            return _read_existing(path)
        with os.fdopen(handle, "wb") as file:
            key = Fernet.generate_key()
            file.write(key)
            os.fsync(file.fileno())
        return key.decode()
    except OSError as err:
        raise SettingsError(f"[secrets] key_file {path}: {err.strerror}") from err


def claim(database: Database, vault: Vault) -> None:
    """Note which key seals this database, or check that it is this one.

    Raises:
        SettingsError: The database was sealed with another key.
    """
    with database.write() as connection:
        wait_alone(connection, "claim")
        if not _is_sealed(connection, vault):
            note_key(connection, vault)


def check_key(database: Database, vault: Vault) -> None:
    """Make sure that no other key seals this database, which is migrated.

    Raises:
        SettingsError: The database was sealed with another key.
    """
    with database.read() as connection:
        _is_sealed(connection, vault)


def require_key(connection: Connection, vault: Vault) -> None:
    """Make sure, in the transaction that keeps what was sealed, that the key is right.

    Raises:
        KeyChanged: The database was sealed with another key meanwhile.
    """
    if noted_key(connection) not in (None, vault.fingerprint):
        raise KeyChanged


def noted_key(connection: Connection) -> str | None:
    """Return the fingerprint of the key that seals this database, once there is one."""
    return noted(connection, _FINGERPRINT)


def note_key(connection: Connection, vault: Vault) -> None:
    """Note that this key seals the database from now on."""
    note(connection, _FINGERPRINT, vault.fingerprint)


def _is_sealed(connection: Connection, vault: Vault) -> bool:
    known = noted_key(connection)
    if known not in (None, vault.fingerprint):
        raise SettingsError(
            f"the secrets in this database were sealed with key {known}, not with "
            f"{vault.fingerprint}; set [secrets] key_file to the key they need"
        )
    return known is not None


def _read_existing(path: Path) -> str:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise SettingsError(
            f"[secrets] key_file {path} may be read by others (mode {mode:04o}); "
            f"chmod 600 it"
        )
    return path.read_text("ascii").strip()
