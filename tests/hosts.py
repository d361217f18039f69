# SPDX-License-Identifier: Apache-2.0
"""The configuration of a service that holds a plug-in of ours."""

from oslo_config import cfg


def configuration(folder, *lines, **defaults):
    """Return what a service reads from a file with these settings and lines."""
    path = folder / "service.conf"
    settings = [f"{name} = {value}" for name, value in defaults.items()]
    path.write_text("\n".join(("[DEFAULT]", *settings, *lines)))
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[str(path)], default_config_dirs=[])
    return conf
