"""The desk and all it needs, from the parts that the daemon has anyway."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from coop.addressees import Addressees
from coop.crew import Crew
from coop.desk.parts import Parts
from coop.models import Models
from coop.notify.compose import Composer
from coop.settings import Settings
from coop.store.store import Store
from coop.tell import Manners, Teller
from coop.timelapse import Stills

FILMS = "films"


def make_parts(
    settings: Settings,
    store: Store,
    crew: Crew,
    models: Models,
    composer: Composer,
    addressees: Addressees,
    clock: Callable[[], datetime],
    started: datetime,
) -> Parts:
    """Everything that commands and buttons reach."""
    return Parts(
        settings=settings,
        store=store,
        crew=crew,
        models=models,
        composer=composer,
        addressees=addressees,
        teller=make_teller(settings, store, composer, addressees, clock),
        stills=Stills(settings.data_dir / FILMS, settings.zone),
        clock=clock,
        started=started,
    )


def make_teller(
    settings: Settings,
    store: Store,
    composer: Composer,
    addressees: Addressees,
    clock: Callable[[], datetime],
) -> Teller:
    """What words findings for every chat, as the settings want it."""
    manners = Manners(
        cooldown=timedelta(seconds=settings.telegram.cooldown_s),
        together=timedelta(seconds=settings.telegram.together_s),
    )
    return Teller(
        record=store, composer=composer, recipients=addressees.recipients, clock=clock, manners=manners
    )
