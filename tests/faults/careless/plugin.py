"""pytest -p tests.faults.careless.plugin: every test of that run has the fault that $PLANTED names."""

import os

from hypothesis import Phase, settings

from tests.faults.careless.planted import plant

plant(os.environ["PLANTED"])


def pytest_configure() -> None:
    """That an example fails is enough: nobody will read the smallest one."""
    settings.register_profile("planted", settings.default, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("planted")
