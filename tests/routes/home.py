# SPDX-License-Identifier: MIT
"""The home folder of the router under test."""

import json
import os

home = os.environ["DARIO_HOME"]


def write(name, value):
    """The file `name` holds `value` as JSON, all of it at once."""
    path = os.path.join(home, name)
    fd = os.open(path + ".tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as f:
        json.dump(value, f)
    os.rename(path + ".tmp", path)
