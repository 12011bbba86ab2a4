"""The training doctor's look at a network that is about to be tuned, at pictures as it will get them."""

from __future__ import annotations

import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]

from training.doctor.examine import examine
from training.doctor.finding import Finding
from training.tune import Batches, Plan, loss_of

_ROWS = 32


def check_up(
    model: keras.Model, stream: Batches, plan: Plan, loss: keras.losses.Loss | None = None
) -> list[Finding]:
    """What ails the network, its data and its gradients before the first step, worst first.

    No weight changes. No training on trial: the head has learned already, and the pictures held out judge
    what comes of it.
    """
    loss = loss or loss_of(stream.answers.mode, plan.smoothing)
    model.compile(keras.optimizers.AdamW(plan.head_rate), loss)
    pictures, targets = stream.batch(0, _ROWS)
    return examine(model, pictures, targets, trial=False, batch_size=plan.batch, epochs=plan.epochs)
