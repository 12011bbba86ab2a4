"""`coop nightly`: one night's learning, in a process that gives way to the watch."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from coop.addressees import Addressees
from coop.data_lock import TrainingLock
from coop.logs import configure_logging
from coop.nightly import Nightly, Teacher, lower_priority
from coop.places import make_data_dir, models_dir, open_store
from coop.settings import Settings

log = logging.getLogger(__name__)


def run_nightly(settings: Settings, teacher: Teacher, clock: Callable[[], datetime]) -> None:
    """Learn what is due. Raises TrainingUnderWay where another process does already."""
    lower_priority()
    configure_logging(settings.log.level, settings.log.format, secrets=settings.secrets)
    make_data_dir(settings)
    models_dir(settings).mkdir(exist_ok=True)
    with TrainingLock(settings.data_dir), open_store(settings) as store:
        Nightly(
            settings=settings,
            store=store,
            teacher=teacher,
            addressees=Addressees(settings=settings, store=store, clock=clock),
            clock=clock,
        ).run()
    log.info("Nothing more to learn tonight")
