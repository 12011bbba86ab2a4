"""The doctor and Keras, loaded when the first test wants them: other tests do not wait for TensorFlow."""

from __future__ import annotations

import importlib.util
import os
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import missing_part


@pytest.fixture(scope="session")
def doctor() -> Any:
    """``keras``, ``examine``, ``label_kind``, ``untouched`` and ``value_of``."""
    if importlib.util.find_spec("tensorflow") is None:
        missing_part("TensorFlow is not installed; pip install 'neurocoop[train]'")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from training.doctor.examine import examine
    from training.doctor.subject import label_kind
    from training.doctor.untouched import untouched, value_of

    return SimpleNamespace(
        keras=keras, examine=examine, label_kind=label_kind, untouched=untouched, value_of=value_of
    )
