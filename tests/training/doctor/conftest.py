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
    """Keras, and what the tests want of the doctor."""
    if importlib.util.find_spec("tensorflow") is None:
        missing_part("TensorFlow is not installed; pip install 'neurocoop[train]'")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from training.doctor.callback import Doctor
    from training.doctor.examine import examine
    from training.doctor.samples import look_at
    from training.doctor.subject import label_kind, meet
    from training.doctor.untouched import untouched, value_of

    parts = (Doctor, examine, label_kind, look_at, meet, untouched, value_of)
    return SimpleNamespace(keras=keras, **{part.__name__: part for part in parts})
