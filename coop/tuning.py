"""Whether this box can tune the network itself, or only learn its head."""

from __future__ import annotations

import importlib.util
import os

GIB = 2**30
LEAST_MEMORY_GIB = 3.5
"""Tuning takes 2.2 GB at its peak (60 pictures, two epochs); the watch and the system want the rest."""
TRAIN_EXTRA = "pip install 'neurocoop[train]'"


def has_train_extra() -> bool:
    """Whether TensorFlow is there."""
    return importlib.util.find_spec("tensorflow") is not None


def memory_gib() -> float:
    """The memory of this box."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB


def has_memory() -> bool:
    """Whether a training would not be killed for want of memory."""
    return memory_gib() >= LEAST_MEMORY_GIB
