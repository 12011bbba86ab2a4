"""Every kind of event survives the database, whatever its fields hold."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.records import EVER, NOON, arrival
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coop.domain.event import EVENTS, Event
from coop.domain.findings import Findings, RecordedEvent
from coop.store import events as module
from coop.store.store import Store

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
times = st.datetimes(datetime(1995, 1, 1), datetime(2190, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
durations = st.timedeltas(timedelta(0), timedelta(days=400))
st.register_type_strategy(datetime, times)
st.register_type_strategy(timedelta, durations)
any_event = st.sampled_from(sorted(EVENTS)).flatmap(
    lambda name: st.builds(
        EVENTS[name],
        time=times,
        camera=texts,
        place=texts,
        subject=texts,
        confidence=st.floats(0, 1),
        visit=st.none() | texts,
        **{field: texts for field in ("reason",) if field in EVENTS[name].__dataclass_fields__},
        **{
            field: st.integers(0, 10**6)
            for field in ("sightings",)
            if field in EVENTS[name].__dataclass_fields__
        },
    )
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=any_event)
def test_an_event_comes_back_equal(store: Store, event: Event) -> None:
    new = store.record(Findings(events=(RecordedEvent(event=event),)), NOON)
    recorded = store.events(event.time, event.time + timedelta(microseconds=1))
    found = {other.event.key: other.event for other in recorded}
    assert event.key in found
    assert not new or found[event.key] == event  # the first record of a fact stays


def test_events_of_a_newer_program_are_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(f"sqlite:///{tmp_path}/coop.db", tmp_path) as store:
        store.record(Findings(events=(RecordedEvent(event=arrival(1)),)), NOON)
        monkeypatch.setattr(module, "EVENTS", {k: v for k, v in EVENTS.items() if k != "HenArrived"})
        with caplog.at_level(logging.WARNING):
            assert store.events(*EVER) == ()
    assert "does not know: HenArrived" in caplog.text
