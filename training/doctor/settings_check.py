"""The optimizer's numbers and the size of a batch, as they were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.doctor.finding import Finding, error, note, warning
from training.doctor.subject import Subject
from training.doctor.untouched import value_of

_KIND = "optimizer-setting"


def check(subject: Subject) -> Iterator[Finding]:
    optimizer = getattr(subject.model, "optimizer", None)
    if optimizer is not None:
        yield from _rate(optimizer)
        yield from _shares(optimizer)
        yield from _clipping(optimizer)
    yield from _batch(subject)


def rate_of(optimizer: Any) -> float | None:
    """The learning rate now."""
    try:
        return float(value_of(optimizer.learning_rate))
    except (TypeError, ValueError, AttributeError):
        return None


def _rate(optimizer: Any) -> Iterator[Finding]:
    rate = rate_of(optimizer)
    if rate is not None and rate < 0:
        yield error(
            _KIND,
            "learning_rate",
            f"learning_rate={rate:g} climbs the loss instead of descending",
            "Use a positive learning rate.",
        )
    elif rate == 0 and not callable(getattr(optimizer, "_learning_rate", None)):
        yield error(
            "learning-rate-too-low", "learning_rate", "learning_rate=0: nothing is learned", "Try 0.001."
        )


def _shares(optimizer: Any) -> Iterator[Finding]:
    for name in ("momentum", "beta_1", "beta_2", "rho"):
        value = getattr(optimizer, name, None)
        if isinstance(value, (int, float)) and not 0 <= value < 1:
            yield error(
                _KIND,
                name,
                f"{name}={value:g}: past gradients are never forgotten"
                if value >= 1
                else f"{name}={value:g}",
                f"Use a {name} from 0 to below 1, such as 0.9.",
            )
    epsilon = getattr(optimizer, "epsilon", None)
    if isinstance(epsilon, (int, float)) and epsilon > 1:
        yield warning(_KIND, "epsilon", f"epsilon={epsilon:g} outweighs the gradients", "Use 1e-7.")
    decay = getattr(optimizer, "weight_decay", None)
    if isinstance(decay, (int, float)) and decay > 1:
        yield warning(
            _KIND, "weight_decay", f"weight_decay={decay:g} pulls all weights to zero", "Use 1e-4 to 1e-1."
        )


def _clipping(optimizer: Any) -> Iterator[Finding]:
    for name in ("clipnorm", "global_clipnorm", "clipvalue"):
        value = getattr(optimizer, name, None)
        if (
            isinstance(value, (int, float))
            and value < 1e-3
            and "adam" not in type(optimizer).__name__.lower()
        ):
            yield error(
                _KIND, name, f"{name}={value:g} leaves next to nothing of a gradient", "Clip at about 1."
            )


def _batch(subject: Subject) -> Iterator[Finding]:
    data = subject.data
    if data.batch_size == 1 and len(data.train) > 1:
        yield warning(
            "batch-size",
            "batch_size",
            f"batches of one sample out of {len(data.train)}: each step follows one sample's noise",
            "Use batches of 16 to 128.",
        )
    elif data.steps == 1 and data.epochs < 50 and len(data.train) >= 512:
        yield note(
            "batch-size",
            "batch_size",
            f"one batch of {data.batch_size} is the whole set: {data.epochs} steps in all",
            "Use smaller batches, so that there are more steps.",
        )
