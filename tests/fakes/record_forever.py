"""Record findings until killed, and print the number of each once the store has acknowledged it.

python record_forever.py URL MEDIA_DIR FIRST_NUMBER
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from fakes.records import findings, moment

from coop.store.store import Store


def main(url: str, media_dir: str, first: str) -> None:
    with Store.open(url, Path(media_dir)) as store:
        for n in count(int(first)):
            store.record(findings(n), moment(n))
            print(n, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
