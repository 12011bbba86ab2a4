"""What a way to reach the keeper must be able to do, and how it says that it could not."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from coop.domain.notification import Keyboard
from coop.errors import CoopError

CAPTION_LIMIT = 1024
"""Longest text under a picture, in UTF-16 units after the markup is read."""

TEXT_LIMIT = 4096
"""Longest text without a picture."""

PHOTO_BYTES = 10_000_000
"""Largest picture that is taken as a photo."""


CLIP_BYTES = 50_000_000
"""Largest clip that is taken."""

CLIP = ".mp4"


def largest(picture: Path) -> int:
    """How many bytes a picture or clip may have."""
    return CLIP_BYTES if picture.suffix == CLIP else PHOTO_BYTES


class DeliveryProblem(CoopError):
    """A message did not certainly arrive. Its text never holds a secret."""


class Unreachable(DeliveryProblem):
    """Certainly nothing was delivered, for a passing reason: trying again is safe."""


class ServerTrouble(Unreachable):
    """The messenger's server answered that it failed. Perhaps it fails with this message only."""


class Ambiguous(DeliveryProblem):
    """The message may have been delivered: the answer was lost."""


class FloodWait(DeliveryProblem):
    """Nothing was delivered; the next try is welcome after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"told to wait {seconds:g} s")


class Refused(DeliveryProblem):
    """Nothing was delivered and nothing will be: the chat or the message is refused for good."""


class PictureRefused(Refused):
    """The picture is refused; the text alone may pass."""


class TokenRefused(DeliveryProblem):
    """The bot's token is not accepted. Only a person can mend it."""


class Messenger(Protocol):
    """Delivers texts (Telegram's HTML) with buttons and pictures; a picture may be a clip (``.mp4``).

    A ``message_id`` is the messenger's own affair: it is kept as it is and handed back to `edit`.
    """

    async def send(
        self, chat: str, text: str, picture: Path | None, *, silent: bool, buttons: Keyboard = ()
    ) -> str:
        """Deliver one message to an address (`coop.domain.chat.address`) and return its id.

        Raises:
            DeliveryProblem: see the classes above; nothing else is expected.
        """
        ...

    async def edit(
        self, chat: str, message_id: str, text: str, picture: Path | None, *, buttons: Keyboard = ()
    ) -> None:
        """Change a message's text and buttons, and its picture where one is given and the message has one.

        Changing it twice is harmless, so `Ambiguous` is never raised.
        """
        ...
