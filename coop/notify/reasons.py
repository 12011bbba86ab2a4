"""Why something does not work, in the reader's language.

What cameras, disks and databases say of themselves is written in English, for the log. Of it what a chat is
likely to read is known here, phrase by phrase; whatever else there is stays as it was said.
"""

from __future__ import annotations

import re
from functools import cache

from coop.notify import languages
from coop.notify.languages import later, tr

_PHRASES = (
    # cameras
    later("the camera does not answer within {s} s"),
    later("the camera cannot be reached ({why})"),
    later("the camera breaks the connection off"),
    later("something answers at this address, but does not speak {protocol}"),
    later("the camera wants a user and password ({status})"),
    later("the camera gives no stream to this user and password ({status})"),
    later("the camera has no stream at this path ({status})"),
    later("the camera answers, but gives no video that can be read"),
    later("this is not a valid address"),
    later("no new picture for {s} s"),
    later("no picture for {s} s"),
    later("it has sent one and the same picture for {s} s and more"),
    later("the stream has ended"),
    later("the stream is broken ({why})"),
    later("its picture is damaged"),
    later("all its pictures for {s} s were damaged"),
    later("there is no such device"),
    later("the device cannot be opened as a camera"),
    later("the camera gives no more pictures"),
    later("a picture could not be decoded"),
    later("Check the camera's power and network, and the address and port in its URL"),
    later("It is opened again by itself; check the camera's power and network"),
    later("It is opened again by itself; check the camera's cable"),
    later("It is opened again by itself; switch the camera off and on"),
    later("It is opened again by itself; check the network, Wi-Fi most of all"),
    later("Put them into its URL, before the address, as user:password@ (with @ as %40 and / as %2F)"),
    later("Check them, and the path of the stream; in a password, @ is written %40 and / is %2F"),
    later("Look up the path of its stream in the camera's manual and put it into its URL"),
    later("Write scheme://user:password@address:port/path; in a password, @ is written %40 and / is %2F"),
    # networks, as the system says it
    later("Connection refused"),
    later("Connection reset by peer"),
    later("No route to host"),
    later("Network is unreachable"),
    later("Name or service not known"),
    later("Temporary failure in name resolution"),
    # disks and databases
    later("the disk is full"),
    later("it is read-only"),
    later("another program holds it locked"),
    later("it is damaged"),
    later("Free some space; what was not yet recorded is tried again"),
    later("Give the program's user the right to write there, and mount the file system writable"),
    later("Close the other program; this one tries again"),
    later(
        "Stop the daemon and put back the latest backup with `coop restore`; keep the damaged file for a look"
    ),
    later("Database {where}:"),
    later("Media file {where}:"),
)


def reason(problem: str) -> str:
    """A problem in the language spoken now, as far as its words are known."""
    if languages.language() == languages.SOURCE:
        return problem
    for phrase, pattern in _patterns():
        problem = pattern.sub(lambda found, phrase=phrase: tr(phrase).format(**found.groupdict()), problem)  # type: ignore[misc]
    return problem


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each phrase with what finds it, the longest first, since one may be part of another."""
    found = []
    for phrase in sorted(_PHRASES, key=len, reverse=True):
        parts = re.split(r"\{(\w+)\}", phrase)
        texts = [re.escape(part) if n % 2 == 0 else f"(?P<{part}>.+?)" for n, part in enumerate(parts)]
        found.append((phrase, re.compile("".join(texts))))
    return tuple(found)
