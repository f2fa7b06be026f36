"""What the figures of a benchmark depend on. It names nobody's machine."""

import os
import platform


def machine() -> dict[str, str | int | float]:
    """Cores, architecture, system, Python and load."""
    return {
        "cores": os.cpu_count() or 0,
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_1min": round(os.getloadavg()[0], 2),
    }
