"""A program with a fault planted: ``python -m tests.faults.careless FAULT MODULE WORDS…``."""

import runpy
import sys

from tests.faults.careless.planted import plant

if __name__ == "__main__":
    fault, module, *words = sys.argv[1:]
    plant(fault)
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
