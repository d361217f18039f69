# SPDX-License-Identifier: Apache-2.0
"""Values of options from the environment or a file, or an error that helps.

The environment (``OS_<SECTION>__<NAME>``, as oslo.config spells it) is asked first.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from oslo_config import cfg, iniparser, types

from notifier.errors import SettingsError

Sections = Sequence[tuple[str, Sequence[cfg.Opt]]]
Lines = Mapping[tuple[str, str], int]


def read(
    sections: Sections, path: Path | None, environ: Mapping[str, str]
) -> dict[tuple[str, str], Any]:
    """Return the value of each (section, option).

    Sections of the file that are none of ours are left alone.

    Raises:
        SettingsError: Names file and line, or variable, and what would be right.
    """
    conf = _parse(sections, path)
    lines: Lines = {} if path is None else _lines(path)
    _refuse_unknown(sections, path, lines)
    values = {}
    for section, options in sections:
        for option in options:
            variable = f"OS_{section}__{option.name}".upper()
            place = f"{path}:{lines.get((section, option.name))}"
            try:
                if variable in environ:
                    place = variable
                    value = option.type(environ[variable])
                else:
                    value = conf[section][option.name]
            except (ValueError, cfg.Error) as err:
                fault = right(option.type, err)
                message = f"{place}: [{section}] {option.name} {fault}"
                raise SettingsError(message) from err
            values[section, option.name] = value
    return values


def right(kind: types.ConfigType, err: Exception) -> str:
    """Return what an option must be, as the end of a sentence that begins with it."""
    if not isinstance(err, ValueError):
        return "holds a $ that stands for no setting; write $$ for the character"
    match kind:
        case types.Boolean():
            return "must be true or false"
        case types.Number(min=least, max=most):
            return f"must be a number from {least} to {most}"
        case types.String(choices=choices) if choices:
            return f"must be {' or '.join(choices)}"
    return f"must be a {kind.type_name}"


def _parse(sections: Sections, path: Path | None) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    for section, options in sections:
        conf.register_opts(options, group=section)
    files = [] if path is None else [str(path)]
    try:
        conf([], default_config_files=files, default_config_dirs=[], use_env=False)
    except cfg.ConfigFileParseError as err:
        # oslo.config's own text repeats the line, which may hold a password.
        cause = err.__context__
        if not isinstance(cause, iniparser.ParseError):
            raise SettingsError(f"{path}: is no configuration file") from err
        raise SettingsError(f"{path}:{cause.lineno}: {cause.msg}") from None
    except (cfg.Error, OSError, UnicodeDecodeError) as err:
        raise SettingsError(f"{path}: cannot be read as UTF-8 text") from err
    return conf


def _lines(path: Path) -> Lines:
    lines = {}
    section = ""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if header := re.match(r"\[(.+)]", line):
            section = header[1].lower()
        elif setting := re.match(r"([^\s#;:=][^:=]*?)\s*[:=]", line):
            lines[section, setting[1]] = number
    return lines


def _refuse_unknown(sections: Sections, path: Path | None, lines: Lines) -> None:
    known = {section: [one.name for one in options] for section, options in sections}
    for (section, name), number in lines.items():
        if section in known and name not in known[section]:
            near = difflib.get_close_matches(name, known[section], n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(
                f"{path}:{number}: [{section}] has no setting {name}{hint}"
            )
